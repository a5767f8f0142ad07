// Transposition by squares that fit the registers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/transpose.h"

#include "lib/device/cpu/simd/pack.h"

namespace dl::DL_ISA {
namespace {

void words(const float* x, int64_t x_row, int64_t rows, int64_t columns, float* y, int64_t y_row) {
  for (int64_t r = 0; r < rows; r += lanes) {
    const int count = rows - r < lanes ? static_cast<int>(rows - r) : lanes;
    float* to = y + r;
    if (count == lanes) {
      turn_rows(x + r * x_row, x_row, count, columns, [=](int64_t c, vf v) { store(to + c * y_row, v); });
    } else {
      turn_rows(x + r * x_row, x_row, count, columns, [=](int64_t c, vf v) { store_first(to + c * y_row, v, count); });
    }
  }
}

}  // namespace

const TransposeKernels transpose_kernels = {words};

}  // namespace dl::DL_ISA
