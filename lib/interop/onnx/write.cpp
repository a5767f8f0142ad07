// From the graph's steps to nodes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx/write.h"

#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops.h"
#include "lib/interop/onnx/rows.h"

namespace dl::onnx {
namespace {

std::vector<int64_t> open_sizes(const OpenGraph& open, const Shape& shape, const Order& order) {
  std::vector<int64_t> sizes(order.size());
  for (size_t axis = 0; axis < order.size(); ++axis) {
    const OpenSize size = open.size(shape[static_cast<int>(axis)]);
    sizes[static_cast<size_t>(order[axis])] = size.of_batch ? -1 : size.n;
  }
  return sizes;
}

Order outside(const Shape& shape, bool first) {
  return first && shape.rank() >= 4 ? channels_first(shape.rank()) : as_it_is(shape.rank());
}

// What no output needs, as values that an order of axes was made of and then not asked for.
void drop_unread(Model& model) {
  std::set<std::string> read;
  for (const OpenValue& output : model.outputs) read.insert(output.name);
  std::vector<OnnxNode> kept;
  for (auto node = model.nodes.rbegin(); node != model.nodes.rend(); ++node) {
    if (std::ranges::none_of(node->outputs, [&](const std::string& name) { return read.contains(name); })) continue;
    read.insert(node->inputs.begin(), node->inputs.end());
    kept.push_back(std::move(*node));
  }
  std::ranges::reverse(kept);
  model.nodes = std::move(kept);
  const auto is_unread = [&](const Initializer& tensor) { return !read.contains(tensor.name); };
  std::erase_if(model.initializers, is_unread);
  std::erase_if(model.constants, is_unread);
}

}  // namespace

Export write(const TrainedNetwork& trained, bool first) {
  const Network& network = trained.network;
  const OpenGraph open([&](Graph& g, int64_t batch) {
    std::vector<Value> inputs;
    for (const Network::Input& i : network.inputs()) inputs.push_back(input(g, i.name, batched(i.type, batch)));
    g.output("output", network.build(g, inputs, false, {}, 0).at(trained.output));
  });
  Export made;
  made.batch_is_open = open.is_open();
  Model& model = made.model;
  Writer w(trained, open, model);
  const std::vector<Step> steps = steps_of(open, [](std::string_view op) { return rows().contains(op); });
  for (const Network::Input& each : network.inputs()) {
    const Shape shape = batched(each.type, 1).shape;
    std::vector<int64_t> sizes(static_cast<size_t>(shape.rank()));
    const Order order = outside(shape, first);
    for (size_t axis = 0; axis < sizes.size(); ++axis)
      sizes[static_cast<size_t>(order[axis])] = axis == 0 && open.is_open() ? -1 : shape[static_cast<int>(axis)];
    w.reserve(each.name);
    model.inputs.push_back({each.name, w.element_of(each.type.dtype), sizes});
  }
  for (const Graph::Named& output : open.graph().outputs()) w.reserve(output.name);
  for (const Step& step : steps) {
    if (step.op == "input")
      w.hold(step.outputs[0], step.node->op->attributes(), outside(step.outputs[0].shape(), first));
    const auto row = rows().find(step.op);
    DL_CHECK(row != rows().end(), "no ONNX for ", step.op);
    w.enter(step.node->scope);
    row->second(w, step);
  }
  w.enter("");
  for (const Graph::Named& output : open.graph().outputs()) {
    const Order order = outside(output.value.shape(), first);
    const Element element = w.element_of(output.value.type().dtype);
    model.nodes.push_back({"Identity", {w.in(output.value, order)}, {output.name}, {}, output.name});
    model.outputs.push_back({output.name, element, open_sizes(open, output.value.shape(), order)});
  }
  drop_unread(model);
  model.graph = "network";
  model.metadata = {{"dlcli.layout", first ? "channels_first" : "channels_last"},
                    {"dlcli.config", to_yaml(trained.config)}};
  if (!trained.behind.empty()) model.metadata["dlcli.output"] = join(trained.behind, "; ");
  std::set<std::string> read;
  for (const Initializer& tensor : model.initializers) read.insert(tensor.name);
  for (const WrittenTensor& tensor : w.written())
    if (read.contains(tensor.name)) made.tensors.push_back(tensor);
  return made;
}

}  // namespace dl::onnx
