// Rows of a table, and the sum of what goes back to each.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/embedding.h"

#include <algorithm>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

Run embedding_kernel(const Op&, Types in, Types) {
  return [n = in[1].shape.elements(), rows = in[0].shape[0], dim = in[0].shape[1]](Buffers inputs, Buffers outputs) {
    const int32_t* indices = static_cast<const int32_t*>(inputs[1]);
    Fault fault;
    for (int64_t i = 0; i < n; ++i) {
      const bool is_row = indices[i] >= 0 && indices[i] < rows;
      if (!is_row && !fault.found) fault = {1, indices[i]};
      for (int64_t k = 0; k < dim; ++k)
        f32(outputs, 0)[i * dim + k] = is_row ? f32(inputs, 0)[indices[i] * dim + k] : 0;
    }
    *static_cast<Fault*>(outputs[1]) = fault;
  };
}

Problem embedding_problem(Types in, int32_t index) { return no_such_row(index, in[0].shape[0]); }

Run embedding_grad_kernel(const Op& op, Types in, Types out) {
  const int64_t padding = static_cast<const EmbeddingGrad&>(op).padding;
  return
      [=, n = in[1].shape.elements(), rows = out[0].shape[0], dim = out[0].shape[1]](Buffers inputs, Buffers outputs) {
        const int32_t* indices = static_cast<const int32_t*>(inputs[1]);
        for (int64_t row = 0; row < rows; ++row)
          for (int64_t k = 0; k < dim; ++k) {
            double sum = 0;
            for (int64_t i = 0; i < n; ++i) {
              if (indices[i] == row && row != padding) sum += f32(inputs, 0)[i * dim + k];
            }
            f32(outputs, 0)[row * dim + k] = static_cast<float>(sum);
          }
      };
}

DL_REFERENCE_KERNEL("embedding", embedding_kernel, embedding_problem);
DL_REFERENCE_KERNEL("embedding_grad", embedding_grad_kernel);

}  // namespace

}  // namespace dl::reference
