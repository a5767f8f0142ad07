// Softmax and cross-entropy over many classes: a row of logits, or a block whose columns are the rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

struct CrossEntropyKernels {
  // Of n logits the largest, the sum of exp(x - largest), and the sum.
  void (*row)(const float* x, int64_t n, float* largest, float* exp_sum, float* sum);
  // y = exp(x - log_sum) d - less; y may be x.
  void (*row_grad)(const float* x, int64_t n, float log_sum, float d, float less, float* y);

  // A block holds the logits of `classes` classes one behind another, each of `rows` neighbouring rows, `stride` apart.
  // Adds bias (null: none), and of each row finds the largest and the sums as row() does; the logits become
  // exp(x - largest).
  void (*block)(float* x, int64_t stride, int64_t classes, int64_t rows, const float* bias, float* largest,
                float* exp_sum, float* sum);
  // x = x scale[row] - less[row], and d_bias[class] = (more: +=) the sum over the rows.
  void (*block_grad)(float* x, int64_t stride, int64_t classes, int64_t rows, const float* scale, const float* less,
                     float* d_bias, bool more);
  // scale[row] *= exp(largest[row] - log_sum[row]), for what block() left.
  void (*rescale)(float* scale, const float* largest, const float* log_sum, int64_t rows);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::CrossEntropyKernels, cross_entropy_kernels)
