// Orders of axes: tensors whose values hold them in other ones, put into one.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "lib/interop/onnx_layer/taken.h"

namespace dl::onnx {

AxisOrder natural_order(int rank) {
  AxisOrder order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

AxisOrder channels_last_order(int rank) {
  AxisOrder order = natural_order(rank);
  if (rank > 2) std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return order;
}

Value transposed_to(Value value, const AxisOrder& from, const AxisOrder& to) {
  if (from == to) return value;
  std::vector<int> order;
  for (const int axis : to) order.push_back(static_cast<int>(std::ranges::find(from, axis) - from.begin()));
  return transpose(value, order);
}

int axis_in(const ReadNode& node, const Taking& t, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) t.fail(node, concat("there is no axis ", axis, " of ", rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

// The order of the value with the most axes; others are put into it, those of fewer axes with ones before.
AxisOrder align(Taking& t, const ReadNode& node, std::vector<Value>& values) {
  int rank = 0;
  size_t leader = 0;
  int64_t most = -1;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Taken& taken = t.at(node, i);
    rank = std::max(rank, taken.rank());
  }
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Taken& taken = t.at(node, i);
    const int64_t elements = taken.value ? taken.value.shape().elements() : 0;
    if (taken.rank() == rank && elements > most) most = elements, leader = i;
  }
  const Taken& lead = t.at(node, leader);
  const AxisOrder order = lead.value ? lead.order : natural_order(rank);
  values.clear();
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Taken& taken = t.at(node, i);
    if (taken.rank() == rank) {
      values.push_back(t.in_order(node, i, order));
      continue;
    }
    Value small = t.value(node, i);
    std::vector<int64_t> sizes(static_cast<size_t>(rank - taken.rank()), 1);
    for (const int64_t n : taken.sizes()) sizes.push_back(n);
    if (taken.rank() > 0) small = transposed_to(reshape(small, Shape(sizes)), natural_order(rank), order);
    values.push_back(small);
  }
  return order;
}

}  // namespace dl::onnx
