// What stands for what, and where it belongs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/rewriter.h"

#include "lib/base/error.h"

namespace dl {

Value Rewriter::mapped(const Value& v) const {
  const auto known = new_of_.find({v.node, v.output});
  DL_CHECK(known != new_of_.end(), old_.node(v.node).op->name(), " %", v.node, " was not written");
  return known->second;
}

std::vector<Value> Rewriter::mapped_inputs(int node) const {
  std::vector<Value> inputs;
  for (const Value& v : old_.node(node).inputs) inputs.push_back(mapped(v));
  return inputs;
}

std::vector<Value> Rewriter::copy(int node, std::shared_ptr<const Op> op, std::vector<Value> inputs) {
  place_as(node);
  std::vector<Value> values = made().add(std::move(op), std::move(inputs));
  for (size_t output = 0; output < values.size(); ++output) new_of_[{node, static_cast<int>(output)}] = values[output];
  return values;
}

void Rewriter::place_as(int node) {
  made().scope = old_.node(node).scope;
  made().phase = old_.node(node).phase;
}

std::unique_ptr<Graph> Rewriter::finish() {
  return finish([this](const Value& v) { return mapped(v); });
}

std::unique_ptr<Graph> Rewriter::finish(const std::function<Value(const Value&)>& value) {
  return finish(value, [&](const Graph::Named& a) { return value(a.value); });
}

std::unique_ptr<Graph> Rewriter::finish(const std::function<Value(const Value&)>& value,
                                        const std::function<Value(const Graph::Named&)>& assigned) {
  made().scope.clear();
  made().phase = Phase::update;  // whatever outputs and assignments still need
  for (const Graph::Named& o : old_.outputs()) made().output(o.name, value(o.value));
  for (const Graph::Named& a : old_.assigns()) made().assign(a.name, assigned(a));
  made().phase = Phase::forward;
  return std::move(made_);
}

std::unique_ptr<Graph> Rewriter::finish_outputs() {
  for (const Graph::Named& o : old_.outputs()) made().output(o.name, mapped(o.value));
  return std::move(made_);
}

}  // namespace dl
