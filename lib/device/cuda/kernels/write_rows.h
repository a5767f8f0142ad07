// Rows of a tensor replaced.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/divisor.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

struct WriteRows {
  static constexpr int threads = 256, units_each = 4, block_units = threads * units_each;
  const unsigned char *into, *rows;  // [batch, length, width], [batch, 1, width]
  const int* position;               // [batch]
  unsigned char* y;
  long long units;                 // of y, or of `rows` where the others stay as they are
  IndexDivisor row_units, length;  // units of a row; rows of a sample
  int unit;                        // bytes: 16 or 4, of which all addresses are multiples
};

template <class U, class Thread>
void write_rows_by(const Thread& t, const WriteRows& p) {
  constexpr int each = WriteRows::units_each;
  constexpr long long bytes = sizeof(U);
  const bool in_place = p.into == p.y;
  const long long step = static_cast<long long>(t.blocks()) * WriteRows::block_units;
  for (long long first = static_cast<long long>(t.block()) * WriteRows::block_units + t.index(); first < p.units;
       first += step) {
    U unit[each];
    long long to[each];
    for (int k = 0; k < each; ++k) {
      const long long i = first + k * WriteRows::threads;
      to[k] = -1;
      if (i >= p.units) continue;
      const long long row = quotient(i, p.row_units), in_row = i - row * p.row_units.by;
      const long long sample = in_place ? row : quotient(row, p.length);
      const int position = p.position[sample];
      if (in_place) {
        if (position < 0 || position >= p.length.by) continue;
        to[k] = (sample * p.length.by + position) * p.row_units.by + in_row;
        unit[k] = t.template vector<U>(p.rows + i * bytes);
      } else {
        to[k] = i;
        const bool replaced = row - sample * p.length.by == position;
        unit[k] =
            t.template vector<U>(replaced ? p.rows + (sample * p.row_units.by + in_row) * bytes : p.into + i * bytes);
      }
    }
    for (int k = 0; k < each; ++k)
      if (to[k] >= 0) t.put_vector(p.y + to[k] * bytes, unit[k]);
  }
}

template <class Thread>
void write_rows(const Thread& t, const WriteRows& p) {
  if (p.unit == 16) return write_rows_by<Vector<unsigned, 4>>(t, p);
  write_rows_by<unsigned>(t, p);
}

}  // namespace dl::cuda
