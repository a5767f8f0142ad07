// The same elements as another type.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/cast.h"

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

Run cast_kernel(const Op&, Types in, Types out) {
  return [from = in[0].dtype, to = out[0].dtype, n = out[0].shape.elements()](Buffers x, Buffers y) {
    for (int64_t i = 0; i < n; ++i) set_element(y[0], to, i, element(x[0], from, i));
  };
}

DL_REFERENCE_KERNEL("cast", cast_kernel);

}  // namespace

}  // namespace dl::reference
