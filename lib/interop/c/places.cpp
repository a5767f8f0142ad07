// Lifetimes of values.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/c/places.h"

#include "lib/device/plan.h"

namespace dl::c {

Key root_of(const Graph& graph, const Value& v) {
  const GraphNode& node = graph.node(v.node);
  return node.op->is_view() ? root_of(graph, node.inputs[0]) : Key{v.node, v.output};
}

Places place_values(const Graph& graph, const std::vector<char>& live, const std::vector<char>& elsewhere) {
  std::map<Key, int> last;  // the node that reads it last
  for (int i = 0; i < graph.size(); ++i)
    if (live[static_cast<size_t>(i)])
      for (const Value& v : graph.node(i).inputs) last[root_of(graph, v)] = i;
  for (const Graph::Named& output : graph.outputs()) last[root_of(graph, output.value)] = graph.size();

  std::vector<Key> keys;
  std::vector<Block> blocks;
  for (int i = 0; i < graph.size(); ++i) {
    const GraphNode& node = graph.node(i);
    if (!live[static_cast<size_t>(i)] || elsewhere[static_cast<size_t>(i)] || node.op->is_view()) continue;
    for (size_t output = 0; output < node.types.size(); ++output) {
      keys.emplace_back(i, static_cast<int>(output));
      const auto found = last.find(keys.back());
      const int64_t bytes = node.types[output].shape.elements() * bytes_of(DType::f32);
      blocks.push_back({.bytes = bytes, .first = i, .last = found == last.end() ? i : found->second});
    }
  }
  Places places;
  places.elements = place(blocks) / bytes_of(DType::f32);
  for (size_t i = 0; i < keys.size(); ++i) places.at[keys[i]] = blocks[i].offset / bytes_of(DType::f32);
  return places;
}

}  // namespace dl::c
