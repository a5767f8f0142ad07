// Matrices turned round.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

struct TransposeKernels {
  // y[column * y_row + row] = x[row * x_row + column], bits as they are.
  void (*words)(const float* x, int64_t x_row, int64_t rows, int64_t columns, float* y, int64_t y_row);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::TransposeKernels, transpose_kernels)
