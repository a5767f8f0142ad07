// Finding tensors in graphs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/program/trained_network.h"

#include <algorithm>

#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/shape_ops.h"
#include "lib/spec/write.h"

namespace dl {

std::vector<std::string> transforms_before(const TrainedNetwork& trained) {
  std::vector<std::string> lines = trained.before;
  const Node* data = trained.config.find("data");
  if (const Node* transforms = data ? data->find("transforms") : nullptr)
    for (const Node& transform : transforms->items) {
      const std::string line = to_yaml_line(transform);
      lines.push_back(transform.is_map() ? line.substr(1, line.size() - 2) : line);
    }
  return lines;
}

const Tensor* tensor_of(const Network& network, const Value& v) {
  const GraphNode& node = v.graph->node(v.node);
  const auto* variable = dynamic_cast<const VariableOp*>(node.op.get());
  const auto* view = dynamic_cast<const View*>(node.op.get());
  if (view) {
    const auto* of = dynamic_cast<const VariableOp*>(v.graph->node(node.inputs[0].node).op.get());
    if (!of || of->variable.role != Role::parameter) return nullptr;
  } else if (!variable || variable->variable.role != Role::buffer) {
    return nullptr;
  }
  const auto found = std::ranges::find_if(network.tensors(), [&](const Tensor& tensor) {
    return view ? tensor.trained && tensor.offset == view->offset && tensor.shape == view->shape
                : tensor.path == variable->variable.name;
  });
  return found == network.tensors().end() ? nullptr : &*found;
}

}  // namespace dl
