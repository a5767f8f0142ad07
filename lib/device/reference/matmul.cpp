// y[i, j] = sum over k of a[i, k] b[k, j], either operand stored transposed.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/matmul.h"

#include <algorithm>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

Run matmul_kernel(const Op& op, Types in, Types out) {
  const auto [ta, tb] = [](const MatMul& product) {
    return std::pair(product.transpose_a, product.transpose_b);
  }(static_cast<const MatMul&>(op));
  const int64_t n = out[0].shape.last(), depth = in[0].shape[ta ? 0 : -1];
  const int64_t m = ta ? in[0].shape[1] : in[0].shape.elements() / std::max<int64_t>(depth, 1);
  const int64_t a_row = ta ? 1 : depth, a_column = ta ? m : 1;
  const int64_t b_row = tb ? 1 : n, b_column = tb ? depth : 1;
  const DType type = in[0].dtype;
  return [=](Buffers x, Buffers y) {
    const auto operand = [&](size_t i, int64_t at) { return double{element(x[i], type, at)}; };
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < depth; ++k) {
          sum += operand(0, i * a_row + k * a_column) * operand(1, k * b_row + j * b_column);
        }
        f32(y, 0)[i * n + j] = static_cast<float>(sum);
      }
    }
  };
}

DL_REFERENCE_KERNEL("matmul", matmul_kernel);

}  // namespace

}  // namespace dl::reference
