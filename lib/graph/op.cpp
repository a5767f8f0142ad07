// Defaults that most operations share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/op.h"

#include "lib/base/error.h"
#include "lib/graph/graph.h"

namespace dl {

const Type& Value::type() const {
  DL_CHECK(graph != nullptr, "an unset value has no type");
  return graph->node(node).types[static_cast<size_t>(output)];
}

std::vector<Value> no_gradient(const Backward& b) { return std::vector<Value>(b.inputs.size()); }

std::vector<Value> Op::gradient(const Backward&) const {
  DL_CHECK(false, name(), " has no gradient rule");
  return {};
}

Cost Op::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost;
  if (is_view()) return cost;
  for (const Type& type : inputs) cost.bytes += static_cast<double>(type.bytes());
  for (const Type& type : outputs) cost.bytes += static_cast<double>(type.bytes());
  return cost;
}

}  // namespace dl
