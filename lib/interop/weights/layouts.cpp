// Other strides.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/layouts.h"

namespace dl {

StoredTensor turned(const StoredTensor& tensor, const std::vector<int>& axes) {
  std::vector<int64_t> strides = tensor.strides;
  if (strides.empty()) {
    strides.assign(axes.size(), 1);
    for (size_t axis = axes.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * tensor.shape.sizes()[axis];
  }
  StoredTensor out = tensor;
  out.strides.clear();
  for (size_t i = 0; i < axes.size(); ++i) {
    out.shape[static_cast<int>(i)] = tensor.shape[axes[i]];
    out.strides.push_back(strides[static_cast<size_t>(axes[i])]);
  }
  return out;
}

}  // namespace dl
