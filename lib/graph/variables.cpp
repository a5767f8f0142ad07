// Variables exchanged, or kept in another type.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/passes.h"

namespace dl {

namespace {

// Copies a graph in which reads of one variable become reads of another, widened to f32 behind the views of it.
class Exchange {
 public:
  Exchange(const Graph& graph, std::string from, Variable to)
      : old_(graph), from_(std::move(from)), to_(std::move(to)), reads_(static_cast<size_t>(graph.size()), 0) {
    for (int i = 0; i < old_.size(); ++i) copy(i);
    made->scope.clear();
    made->phase = Phase::update;
    for (const auto& o : old_.outputs()) made->output(o.name, mapped(o.value));
  }

  Value mapped(const Value& v) { return as_stored(v, reads_[static_cast<size_t>(v.node)] != 0); }

  std::unique_ptr<Graph> made = std::make_unique<Graph>();

 private:
  Value as_stored(const Value& v, bool widen) {
    const Value value = values_[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)];
    return widen ? as_f32(value) : value;
  }

  void copy(int i) {
    const GraphNode& node = old_.node(i);
    const auto* variable = dynamic_cast<const VariableOp*>(node.op.get());
    const bool read = variable && variable->variable.name == from_;
    const bool read_through = node.op->is_view() && reads_[static_cast<size_t>(node.inputs[0].node)];
    reads_[static_cast<size_t>(i)] = read || read_through;
    made->scope = node.scope;
    made->phase = node.phase;
    std::vector<Value> inputs;
    for (const Value& v : node.inputs) inputs.push_back(read_through ? as_stored(v, false) : mapped(v));
    values_.push_back(made->add(read ? std::make_shared<VariableOp>(to_) : node.op, std::move(inputs)));
  }

  const Graph& old_;
  const std::string from_;
  const Variable to_;
  std::vector<char> reads_;  // by node: the variable or a view of it
  std::vector<std::vector<Value>> values_;
};

}  // namespace

std::unique_ptr<Graph> read_instead(const Graph& graph, const Variable& variable, const std::string& other) {
  Exchange exchange(graph, variable.name, {other, variable.type});
  for (const auto& a : graph.assigns()) exchange.made->assign(a.name, exchange.mapped(a.value));
  return std::move(exchange.made);
}

std::unique_ptr<Graph> keep_in_bf16(const Graph& graph, const Variable& variable, uint64_t seed) {
  Exchange exchange(graph, variable.name, {variable.name, {DType::bf16, variable.type.shape}});
  Graph& made = *exchange.made;
  for (const auto& a : graph.assigns()) {
    Value value = exchange.mapped(a.value);
    if (a.name == variable.name) {
      const Value step = input(made, "step", Type{DType::i32, {}});
      const Value uniform = random_uniform(step, variable.type.shape, seed, "dither/" + variable.name);
      value = as_bf16(map(Function::dither_bf16, value, uniform));
    }
    made.assign(a.name, value);
  }
  return std::move(exchange.made);
}

}  // namespace dl
