// Reading and building networks.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/network.h"

#include <map>
#include <optional>
#include <utility>

#include "lib/base/error.h"
#include "lib/nn/freezing.h"
#include "lib/nn/layer_builder.h"

namespace dl {

namespace {

struct Item {
  ModelItem spec;
  std::unique_ptr<Layer> layer;  // null in a chain, or where a value was refused: it is not built then
  bool doubtful = false;         // has keys that are not known: built with the others, which are right
  std::vector<Item> children;
};

// The name of a layer's type, as far as the node tells.
std::string type_name(const Node& node) {
  if (node.is_scalar()) return node.text;
  return node.is_map() && node.entries.size() == 1 ? node.entries[0].key : "";
}

Item read_item(const ModelItem& spec, std::vector<Problem>& problems) {
  Item item{.spec = spec};
  if (spec.is_layer()) {
    const size_t before = problems.size();
    item.layer = Registry<Layer>::read(spec.layer, Reading(problems, spec.label).noted(spec.notes));
    if (!item.layer && problems.size() > before && Registry<Layer>::instance().has(type_name(spec.layer))) {
      // Its keys have been complained about. Where all that it knows are right, the shapes behind it can be checked.
      std::vector<Problem> refused;
      std::unique_ptr<Layer> partial = Registry<Layer>::make(type_name(spec.layer));
      const Schema schema = schema_of(*partial);
      Node keys = spec.layer.is_map() ? spec.layer.entries[0].value : Node();
      std::erase_if(keys.entries, [&](const Node::Entry& entry) { return !schema.field(entry.key); });
      item.doubtful = schema.read(keys, Reading(refused));
      if (item.doubtful) item.layer = std::move(partial);
    }
  }
  for (const ModelItem& child : spec.children) item.children.push_back(read_item(child, problems));
  return item;
}

// Of a layer that made `y` of all nodes from `first` on.
LayerSummary summary_of(const Item& item, Value y, int first, int64_t parameters) {
  double flops = 0;
  for (int i = first; i < y.graph->size(); ++i) {
    const GraphNode& node = y.graph->node(i);
    std::vector<Type> types;
    for (const Value& v : node.inputs) types.push_back(v.type());
    flops += node.op->cost(types, node.types).flops;
  }
  return {item.spec.path,  item.layer->name, y.shape().without_batch(), parameters,          flops,
          item.spec.label, item.spec.where,  item.spec.notes,           item.layer->gives(), item.layer->doubts(y)};
}

// Thrown through the tree once a layer's output is not known.
struct Stop {};

}  // namespace

struct Network::Impl {
  // One that learns, or that builds a program.
  struct Pass {
    LayerBuilder& builder;
    std::vector<Problem>* problems = nullptr;  // set while learning
    std::string doubtful;                      // label of a layer before that was not wholly understood
    std::vector<NetworkOutputs::Part> parts;
  };

  std::vector<Input> inputs;
  Type output;
  std::map<std::string, Type> outputs;  // by an item's path
  std::vector<Item> items;
  ModelTensors tensors;
  std::vector<LayerSummary> summaries;
  Freezing freezing;
  std::vector<NumberLimit> limits;

  Shape model_input() const { return inputs.empty() ? Shape{} : inputs[0].type.shape; }
  std::vector<Value> build_list(const std::vector<Item>& list, std::span<const Value> given, Pass& pass);
  NetworkOutputs build_all(std::span<const Value> given, Pass& pass);
  Value build_item(const Item& item, std::span<const Value> inputs, Pass& pass);
  Value build_layer(const Item& item, std::span<const Value> inputs, Pass& pass);
};

std::vector<Value> Network::Impl::build_list(const std::vector<Item>& list, std::span<const Value> given, Pass& pass) {
  std::vector<Value> made;
  for (const Item& item : list) {
    std::vector<Value> inputs;
    for (int from : item.spec.from)
      inputs.push_back(from < 0 ? given[ModelItem::input_number(from)] : made.at(static_cast<size_t>(from)));
    made.push_back(build_item(item, inputs, pass));
  }
  return made;
}

NetworkOutputs Network::Impl::build_all(std::span<const Value> given, Pass& pass) {
  const std::vector<Value> made = build_list(items, given, pass);
  NetworkOutputs out{.last = made.empty() ? given[0] : made.back()};
  for (size_t i = 0; i < made.size(); ++i) out.items[items[i].spec.path] = made[i];
  out.parts = std::move(pass.parts);
  return out;
}

Value Network::Impl::build_item(const Item& item, std::span<const Value> inputs, Pass& pass) {
  if (item.spec.is_layer()) return build_layer(item, inputs, pass);
  const std::vector<Value> made = build_list(item.children, inputs, pass);
  pass.parts.push_back({item.spec.path, "", made.empty() ? inputs[0] : made.back()});
  return pass.parts.back().value;
}

Value Network::Impl::build_layer(const Item& item, std::span<const Value> inputs, Pass& pass) {
  if (!item.layer) throw Stop{};
  LayerBuilder& b = pass.builder;
  b.begin_layer(item.spec, item.layer->name);
  b.graph().scope = item.spec.path;
  const int first = b.graph().size();
  if (item.doubtful && pass.doubtful.empty()) pass.doubtful = item.spec.label;
  Value y;
  try {
    y = item.layer->build(b, inputs);
    b.check_ties();
  } catch (const ShapeError& e) {
    if (!pass.problems) throw;
    if (item.doubtful) throw Stop{};
    std::vector<std::string> notes = item.spec.notes;
    if (!pass.doubtful.empty()) notes.push_back("computed with " + pass.doubtful + " as far as it could be read");
    add_problem(*pass.problems,
                {item.spec.where, concat(item.spec.label, " (", item.layer->name, ")"), e.what(), notes, e.help});
    throw Stop{};
  }
  b.graph().scope.clear();
  pass.parts.push_back({item.spec.path, item.layer->name, y});
  if (pass.problems) summaries.push_back(summary_of(item, y, first, b.own_parameters()));
  return y;
}

Network::Network(const std::vector<ModelItem>& items, std::vector<Input> inputs, std::vector<Problem>& problems)
    : impl_(std::make_unique<Impl>()) {
  for (const ModelItem& item : items) impl_->items.push_back(read_item(item, problems));
  impl_->inputs = std::move(inputs);
  Graph g;
  LayerBuilder b(g, impl_->tensors, impl_->freezing, impl_->model_input());
  Impl::Pass pass{.builder = b, .problems = &problems};
  std::vector<Value> given;
  for (const Input& input : impl_->inputs) given.push_back(dl::input(g, input.name, batched(input.type, 1)));
  try {
    const NetworkOutputs made = impl_->build_all(given, pass);
    const auto of_sample = [](Value v) { return Type{v.type().dtype, v.shape().without_batch()}; };
    impl_->output = of_sample(made.last);
    for (const auto& [path, value] : made.items) impl_->outputs[path] = of_sample(value);
    impl_->limits = number_limits_of(g);
  } catch (const Stop&) {
  }
  impl_->tensors.complete();
}

Network::~Network() = default;

void Network::arrange(const std::function<size_t(const Tensor&)>& group) { impl_->tensors.arrange(group); }

std::vector<std::string> Network::freeze(const std::vector<Frozen>& frozen) {
  std::vector<std::string> layers;
  for (const LayerSummary& layer : impl_->summaries) layers.push_back(layer.path);
  return impl_->freezing.freeze(frozen, impl_->tensors, layers);
}
int64_t Network::frozen_until(const std::string& tensor) const { return impl_->freezing.until(tensor, impl_->tensors); }
std::vector<int64_t> Network::thaws() const { return impl_->freezing.ends(); }

Type batched(const Type& sample, int64_t batch) {
  std::vector<int64_t> sizes{batch};
  sizes.insert(sizes.end(), sample.shape.sizes().begin(), sample.shape.sizes().end());
  return {sample.dtype, Shape(std::move(sizes))};
}

const std::vector<Network::Input>& Network::inputs() const { return impl_->inputs; }
Type Network::output(const std::optional<std::string>& item) const {
  return item ? impl_->outputs.at(*item) : impl_->output;
}
std::vector<std::string> Network::items() const {
  std::vector<std::string> paths;
  for (const Item& item : impl_->items) paths.push_back(item.spec.path);
  return paths;
}
const std::vector<Tensor>& Network::tensors() const { return impl_->tensors.all(); }
Variable Network::parameters() const { return impl_->tensors.flat(); }
int64_t Network::arena_elements() const { return impl_->tensors.arena_elements(); }
int64_t Network::parameter_count() const { return impl_->tensors.parameter_count(); }
std::vector<LayerSummary> Network::layers() const { return impl_->summaries; }
std::vector<NumberLimit> Network::number_limits() const { return impl_->limits; }

NetworkOutputs Network::build(Graph& graph, std::span<const Value> inputs, bool training, Value step, uint64_t seed,
                              const Decoding* decoding, int64_t updates) const {
  LayerBuilder b(graph, impl_->tensors, impl_->freezing, impl_->model_input(),
                 {.training = training, .step = step, .seed = seed, .decoding = decoding, .updates = updates});
  Impl::Pass pass{.builder = b};
  NetworkOutputs outputs = impl_->build_all(inputs, pass);
  b.assign_buffers();
  return outputs;
}

}  // namespace dl
