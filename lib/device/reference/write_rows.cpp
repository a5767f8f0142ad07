// Rows of a tensor replaced.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/write_rows.h"

#include <algorithm>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

Run write_rows_kernel(const Op&, Types in, Types) {
  return [shape = in[0].shape](Buffers x, Buffers y) {
    std::copy_n(f32(x, 0), shape.elements(), f32(y, 0));
    for (int64_t b = 0; b < shape[0]; ++b) {
      const int64_t at = b * shape[1] + static_cast<const int32_t*>(x[2])[b];
      std::copy_n(f32(x, 1) + b * shape[2], shape[2], f32(y, 0) + at * shape[2]);
    }
  };
}

DL_REFERENCE_KERNEL("write_rows", write_rows_kernel);

}  // namespace

}  // namespace dl::reference
