// Variables exchanged, or kept in another type.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/passes.h"
#include "lib/graph/rewriter.h"

namespace dl {

namespace {

// Reads of variables become reads of others, widened to f32 behind the views of them.
class Exchange {
 public:
  Exchange(const Graph& graph, const Exchanged& exchanged)
      : rewriter(graph), reads_(static_cast<size_t>(graph.size()), 0) {
    for (int i = 0; i < graph.size(); ++i) {
      const GraphNode& node = graph.node(i);
      const auto* variable = dynamic_cast<const VariableOp*>(node.op.get());
      const auto other = variable ? exchanged.find(variable->variable.name) : exchanged.end();
      const bool read = other != exchanged.end();
      const bool read_through = node.op->is_view() && reads(node.inputs[0]);
      reads_[static_cast<size_t>(i)] = read || read_through;
      rewriter.place_as(i);
      std::vector<Value> inputs;
      for (const Value& v : node.inputs) inputs.push_back(read_through ? rewriter.mapped(v) : mapped(v));
      rewriter.copy(i, read ? std::make_shared<VariableOp>(other->second) : node.op, std::move(inputs));
    }
  }

  Value mapped(const Value& v) const { return reads(v) ? as_f32(rewriter.mapped(v)) : rewriter.mapped(v); }

  Rewriter rewriter;

 private:
  bool reads(const Value& v) const { return reads_[static_cast<size_t>(v.node)] != 0; }

  std::vector<char> reads_;  // by node: one of them or a view of it
};

}  // namespace

std::unique_ptr<Graph> read_instead(const Graph& graph, const Exchanged& exchanged) {
  Exchange exchange(graph, exchanged);
  return exchange.rewriter.finish([&](const Value& v) { return exchange.mapped(v); });
}

std::unique_ptr<Graph> keep_in_bf16(const Graph& graph, const Variable& variable, uint64_t seed) {
  Variable kept = variable;
  kept.type.dtype = DType::bf16;
  Exchange exchange(graph, {{variable.name, kept}});
  const auto mapped = [&](const Value& v) { return exchange.mapped(v); };
  return exchange.rewriter.finish(mapped, [&](const Graph::Named& a) {
    if (a.name != variable.name) return mapped(a.value);
    const Value step = input(exchange.rewriter.made(), "step", Type{DType::i32, {}});
    const Value uniform = random_uniform(step, variable.type.shape, seed, "dither/" + variable.name);
    return as_bf16(map(Function::dither_bf16, mapped(a.value), uniform));
  });
}

}  // namespace dl
