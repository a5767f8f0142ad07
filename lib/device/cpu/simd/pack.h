// Turning rows into columns in registers, and laying out operands as the register tile reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {

// x[i] lane j becomes x[j] lane i.
DL_INLINE void transpose_lanes(vf (&x)[lanes]) {
  const vi index = lane_index();
#pragma GCC unroll 4
  for (int half = 1; half < lanes; half *= 2) {
    // Rows i and i + half exchange the blocks of `half` lanes that lie off the diagonal.
    const vi upper = (index & half) != 0;
    const vi low = select_int(upper, index - half + lanes, index);
    const vi high = select_int(upper, index + lanes, index + half);
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) {
      if ((i & half) != 0) continue;
      const vf a = x[i], b = x[i + half];
      x[i] = __builtin_shuffle(a, b, low);
      x[i + half] = __builtin_shuffle(a, b, high);
    }
  }
}

// rows <= lanes rows of `depth` neighbouring values, `stride` apart, become `depth` vectors: lane r of the vector for d
// is source[r * stride + d], 0 where r >= rows. put(d, vector) stores them, in ascending order of d.
template <class Put>
DL_INLINE void turn_rows(const float* source, int64_t stride, int rows, int64_t depth, Put put) {
  for (int64_t d = 0; d < depth; d += lanes) {
    const int count = depth - d < lanes ? static_cast<int>(depth - d) : lanes;
    vf x[lanes];
    if (rows == lanes && count == lanes) {
#pragma GCC unroll 16
      for (int r = 0; r < lanes; ++r) x[r] = load(source + r * stride + d);
    } else {
#pragma GCC unroll 16
      for (int r = 0; r < lanes; ++r) x[r] = r < rows ? load_first(source + r * stride + d, count) : vf{};
    }
    transpose_lanes(x);
    if (count == lanes) {
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) put(d + i, x[i]);
    } else {
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) {
        if (i < count) put(d + i, x[i]);
      }
    }
  }
}

}  // namespace dl::DL_ISA
