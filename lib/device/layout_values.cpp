// Views looked through, last readers, and destinations.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/layout_values.h"

#include <algorithm>

#include "lib/graph/ops/shape_ops.h"

namespace dl {

LayoutValues::LayoutValues(const Graph& graph, const std::vector<int>& calls) : graph_(graph) {
  const int end = static_cast<int>(calls.size());
  for (int s = 0; s < end; ++s)
    for (const Value& v : graph.node(calls[static_cast<size_t>(s)]).inputs) read_at(v, s);
  for (const auto& o : graph.outputs()) read_at(o.value, end);
  for (const auto& a : graph.assigns()) read_at(a.value, end);
  find_destinations({calls.begin(), calls.end()});
}

void LayoutValues::read_at(const Value& v, int call) {
  int& last = last_read_[key_of(behind_views(v))];
  last = std::max(last, call);
  if (const VariableOp* op = variable_behind(v)) {
    const int64_t begin = offset_in_views(v);
    reads_[op->variable.name].push_back({call, begin, begin + v.type().bytes()});
  }
}

// New values of variables, and the parts that such a value is packed of.
void LayoutValues::find_destinations(const std::set<int>& calls) {
  for (const auto& a : graph_.assigns()) {
    const Value v = behind_views(a.value);
    const Type& whole = v.type();
    if (!calls.contains(v.node) || whole.shape.elements() != a.value.shape().elements()) continue;
    if (!destinations_.try_emplace(key_of(v), Destination{a.name, 0}).second) continue;
    const GraphNode& node = graph_.node(v.node);
    const auto* pack = dynamic_cast<const Pack*>(node.op.get());
    for (size_t k = 0; pack && k < pack->offsets.size(); ++k) {
      const Value part = behind_views(node.inputs[k]);
      if (calls.contains(part.node) && part.type().bytes() == node.inputs[k].type().bytes())
        destinations_.try_emplace(key_of(part), Destination{a.name, pack->offsets[k] * bytes_of(DType::f32)});
    }
  }
}

Value LayoutValues::behind_views(Value v) const {
  while (graph_.node(v.node).op->is_view()) v = graph_.node(v.node).inputs[0];
  return v;
}

int64_t LayoutValues::offset_in_views(Value v) const {
  int64_t offset = 0;
  for (; graph_.node(v.node).op->is_view(); v = graph_.node(v.node).inputs[0])
    if (const auto* part = dynamic_cast<const View*>(graph_.node(v.node).op.get()))
      offset += part->offset * bytes_of(v.type().dtype);
  return offset;
}

const VariableOp* LayoutValues::variable_behind(const Value& v) const {
  return dynamic_cast<const VariableOp*>(graph_.node(behind_views(v).node).op.get());
}

bool LayoutValues::changes(const VariableOp& variable) const {
  return std::ranges::count(graph_.assigns(), variable.variable.name, &Graph::Named::name) > 0;
}

const std::vector<LayoutValues::Read>& LayoutValues::reads_of(const std::string& variable) const {
  static const std::vector<Read> none;
  const auto found = reads_.find(variable);
  return found != reads_.end() ? found->second : none;
}

const LayoutValues::Destination* LayoutValues::wanted(Key value) const {
  const auto found = destinations_.find(value);
  return found != destinations_.end() ? &found->second : nullptr;
}

}  // namespace dl
