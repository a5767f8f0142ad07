// Places of elements and axes, and lists out of a node.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx_layer/moving.h"

#include <algorithm>

#include "lib/graph/sizes.h"

namespace dl::onnx {

Whole strides_of(const Whole& sizes) {
  Whole strides(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) strides[i] = stride, stride = times(stride, sizes[i]);
  return strides;
}

Whole list_of(Taking& t, const ReadNode& node, size_t input, const char* attribute, int64_t since, bool& given) {
  given = true;
  if (t.opset() >= since || !t.has_attribute(node, attribute)) {
    if (t.has(node, input)) return t.integers(node, input);
  } else {
    return t.attribute<Whole>(node, attribute, {});
  }
  given = false;
  return {};
}
Whole list_of(Taking& t, const ReadNode& node, size_t input, const char* attribute, int64_t since) {
  bool given;
  return list_of(t, node, input, attribute, since, given);
}

int place_of(const AxisOrder& order, int axis) {
  return static_cast<int>(std::ranges::find(order, axis) - order.begin());
}

}  // namespace dl::onnx
