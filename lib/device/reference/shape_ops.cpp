// Operations that move elements without changing them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/shape_ops.h"

#include <algorithm>
#include <cstring>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

// y[i] = x[layout(i)]
Run gather(const Layout& layout, int64_t element_bytes) {
  return [=](Buffers x, Buffers y) {
    for (int64_t i = 0; i < layout.elements(); ++i) {
      std::memcpy(static_cast<char*>(y[0]) + i * element_bytes,
                  static_cast<const char*>(x[0]) + layout(i) * element_bytes, static_cast<size_t>(element_bytes));
    }
  };
}

Run transpose_kernel(const Op& op, Types in, Types out) {
  const std::vector<int64_t> own = row_major(in[0].shape);
  std::vector<int64_t> strides;
  for (int axis : static_cast<const Transpose&>(op).order) strides.push_back(own[static_cast<size_t>(axis)]);
  return gather({out[0].shape, strides}, bytes_of(in[0].dtype));
}

Run broadcast_to_kernel(const Op&, Types in, Types out) {
  return gather(broadcast_layout(in[0].shape, out[0].shape), bytes_of(in[0].dtype));
}

Run pack_kernel(const Op& op, Types in, Types) {
  const Pack& pack = static_cast<const Pack&>(op);
  std::vector<int64_t> sizes;
  for (const Type& type : in) sizes.push_back(type.shape.elements());
  return [sizes, offsets = pack.offsets, size = pack.size](Buffers x, Buffers outputs) {
    float* y = f32(outputs, 0);
    int64_t end = 0;
    for (size_t k = 0; k < sizes.size(); ++k) {
      std::fill(y + end, y + offsets[k], 0.0f);
      end = offsets[k] + sizes[k];
      // The planner may have let the part be written here at once.
      if (f32(x, k) != y + offsets[k]) std::copy_n(f32(x, k), sizes[k], y + offsets[k]);
    }
    std::fill(y + end, y + size, 0.0f);
  };
}

DL_REFERENCE_KERNEL("transpose", transpose_kernel);
DL_REFERENCE_KERNEL("broadcast_to", broadcast_to_kernel);
DL_REFERENCE_KERNEL("pack", pack_kernel);

}  // namespace

}  // namespace dl::reference
