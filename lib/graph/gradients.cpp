// Reverse-mode differentiation: the gradient is more graph.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {

std::vector<Value> gradients(Value loss, std::vector<Value> wrt) {
  Graph& g = *loss.graph;
  DL_CHECK(loss.shape().elements() == 1, "the loss is ", loss.shape().text());
  const int last = loss.node;
  // Only nodes between `wrt` and the loss get gradients.
  std::vector<char> reaches(static_cast<size_t>(last) + 1, 0);
  for (const Value& v : wrt) {
    if (v.node <= last) reaches[static_cast<size_t>(v.node)] = 1;
  }
  for (int i = 0; i <= last; ++i) {
    for (const Value& v : g.node(i).inputs) reaches[static_cast<size_t>(i)] |= reaches[static_cast<size_t>(v.node)];
  }
  std::vector<std::vector<Value>> of(static_cast<size_t>(last) + 1);
  auto accumulate = [&](const Value& v, const Value& gradient) {
    auto& slots = of[static_cast<size_t>(v.node)];
    slots.resize(g.node(v.node).types.size());
    Value& slot = slots[static_cast<size_t>(v.output)];
    slot = slot ? slot + gradient : gradient;
  };
  g.phase = Phase::backward;
  accumulate(loss, reshape(constant(g, 1), loss.shape()));
  for (int i = last; i >= 0; --i) {
    if (!reaches[static_cast<size_t>(i)] || of[static_cast<size_t>(i)].empty()) continue;
    const GraphNode node = g.node(i);  // a copy: the rule adds nodes
    const bool wanted =
        std::ranges::any_of(node.inputs, [&](const Value& v) { return reaches[static_cast<size_t>(v.node)] != 0; });
    if (!wanted) continue;  // one of `wrt`
    std::vector<Value> outputs;
    for (size_t k = 0; k < node.types.size(); ++k) outputs.push_back({&g, i, static_cast<int>(k)});
    g.scope = node.scope;
    const std::vector<Value> d =
        node.op->gradient({.inputs = node.inputs, .outputs = outputs, .gradients = of[static_cast<size_t>(i)]});
    DL_CHECK(d.size() == node.inputs.size(), node.op->name(), " gave ", d.size(), " gradients for ", node.inputs.size(),
             " inputs");
    for (size_t k = 0; k < d.size(); ++k) {
      const Value& v = node.inputs[k];
      if (!d[k] || !reaches[static_cast<size_t>(v.node)]) continue;
      DL_CHECK(d[k].shape() == v.shape(), node.op->name(), "'s gradient ", k, " is ", d[k].shape().text(),
               ", its input ", v.shape().text());
      accumulate(v, d[k]);
    }
  }
  g.scope.clear();
  g.phase = Phase::update;
  std::vector<Value> result;
  for (const Value& v : wrt) {
    const auto* slots = v.node <= last ? &of[static_cast<size_t>(v.node)] : nullptr;
    result.push_back(slots && !slots->empty() ? (*slots)[static_cast<size_t>(v.output)] : Value{});
  }
  return result;
}

}  // namespace dl
