// Bytes moved from place to place: pieces of rows, each in units as wide as its alignment allows.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/divisor.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

struct CopyPiece {
  const unsigned char* from;  // null: zeros
  unsigned char* to;
  long long from_step, to_step;  // bytes from a row to the next
  long long units;               // of all rows
  IndexDivisor row;              // units of a row
  int unit;                      // bytes of one: 16, 8, 4, 2 or 1, of which all addresses are multiples
  int first_block, blocks;       // of the grid, that copy this piece
};
struct CopyPieces {
  static constexpr int most = 48;
  static constexpr int threads = 256, units_each = 4;
  static constexpr int block_units = threads * units_each;
  CopyPiece piece[most];
  int count;
};

template <class U, class Thread>
void copy_units(const Thread& t, const CopyPiece& p) {
  constexpr int each = CopyPieces::units_each;
  const long long step = static_cast<long long>(p.blocks) * CopyPieces::block_units;
  long long first = static_cast<long long>(t.block() - p.first_block) * CopyPieces::block_units + t.index();
  for (; first < p.units; first += step) {
    U unit[each];
    long long to[each];
    for (int k = 0; k < each; ++k) {
      const long long i = first + k * CopyPieces::threads;
      to[k] = -1;
      if (i >= p.units) continue;
      const long long row = quotient(i, p.row), byte = (i - row * p.row.by) * static_cast<long long>(sizeof(U));
      to[k] = row * p.to_step + byte;
      unit[k] = p.from ? t.template vector<U>(p.from + row * p.from_step + byte) : U{};
    }
    for (int k = 0; k < each; ++k)
      if (to[k] >= 0) t.put_vector(p.to + to[k], unit[k]);
  }
}

template <class Thread>
void copy_pieces(const Thread& t, const CopyPieces& p) {
  int at = 0;  // the last piece that begins at this block or before
  for (int step = 32; step > 0; step /= 2)
    if (at + step < p.count && p.piece[at + step].first_block <= t.block()) at += step;
  const CopyPiece& piece = p.piece[at];
  switch (piece.unit) {
    case 16: return copy_units<Vector<unsigned, 4>>(t, piece);
    case 8: return copy_units<Vector<unsigned, 2>>(t, piece);
    case 4: return copy_units<unsigned>(t, piece);
    case 2: return copy_units<unsigned short>(t, piece);
    default: return copy_units<unsigned char>(t, piece);
  }
}

}  // namespace dl::cuda
