// Limits of whole numbers, found by the operations that take them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_limits.h"

#include <utility>

#include "lib/graph/ops/attention.h"
#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/embedding.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/map.h"

namespace dl {

namespace {

// What a value is a rearrangement of.
const GraphNode& node_behind(Value v) {
  const GraphNode* node = &v.graph->node(v.node);
  while (node->inputs.size() == 1 && (node->op->is_view() || node->op->name() == "transpose") &&
         node->inputs[0].shape().elements() == node->types[0].shape.elements())
    node = &v.graph->node(node->inputs[0].node);
  return *node;
}

// The input among them; empty where it is computed.
std::string input_behind(Value v) {
  const GraphNode& node = node_behind(v);
  return node.op->name() == "input" ? node.op->attributes() : "";
}

}  // namespace

std::vector<NumberLimit> number_limits_of(const Graph& g) {
  std::vector<NumberLimit> limits;
  for (int i = 0; i < g.size(); ++i) {
    const GraphNode& node = g.node(i);
    NumberLimit limit{.layer = node.scope};
    if (dynamic_cast<const Embedding*>(node.op.get())) {
      limit.input = input_behind(node.inputs[1]);
      limit.count = node.inputs[0].shape()[0];
    } else if (const auto* attention = dynamic_cast<const AttentionOp*>(node.op.get());
               attention && attention->spec.lengths) {
      std::vector<Type> tensors;
      for (int t = 0; t < attention->spec.tensors; ++t) tensors.push_back(node.inputs[static_cast<size_t>(t)].type());
      limit.input = input_behind(node.inputs[tensors.size()]);
      limit.count = attention->spec.parts(tensors).keys + 1;
      limit.chooses_row = false;
    } else if (const auto* map = dynamic_cast<const Map*>(node.op.get()); map && map->function == Function::less) {
      // is_step(): which places are before a length
      const GraphNode &places = node_behind(node.inputs[0]), &lengths = node_behind(node.inputs[1]);
      const auto* numbered = dynamic_cast<const Iota*>(places.op.get());
      if (!numbered || !dynamic_cast<const Cast*>(lengths.op.get())) continue;
      limit.input = input_behind(lengths.inputs[0]);
      limit.count = numbered->n + 1;
      limit.chooses_row = false;
    }
    if (!limit.input.empty()) limits.push_back(std::move(limit));
  }
  return limits;
}

}  // namespace dl
