// Variables exchanged.
#include "lib/graph/ops/leaf.h"
#include "lib/graph/passes.h"

namespace dl {

std::unique_ptr<Graph> read_instead(const Graph& graph, const std::string& variable, const std::string& other) {
  auto made = std::make_unique<Graph>();
  std::vector<std::vector<Value>> values;
  auto mapped = [&](const Value& v) { return values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]; };
  for (int i = 0; i < graph.size(); ++i) {
    const GraphNode& node = graph.node(i);
    const auto* read = dynamic_cast<const VariableOp*>(node.op.get());
    std::shared_ptr<const Op> op = node.op;
    if (read && read->variable.name == variable)
      op = std::make_shared<VariableOp>(Variable{other, read->variable.type});
    std::vector<Value> inputs;
    for (const Value& v : node.inputs) inputs.push_back(mapped(v));
    made->scope = node.scope;
    values.push_back(made->add(std::move(op), std::move(inputs)));
  }
  made->scope.clear();
  for (const auto& o : graph.outputs()) made->output(o.name, mapped(o.value));
  for (const auto& a : graph.assigns()) made->assign(a.name, mapped(a.value));
  return made;
}

}  // namespace dl
