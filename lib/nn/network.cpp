// Reading and building networks.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/network.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/graph/ops/attention.h"
#include "lib/graph/ops/cast.h"
#include "lib/graph/ops/embedding.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/sizes.h"

namespace dl {

namespace {

constexpr int64_t alignment = 16;  // elements: one cache line, one vector register

// The elements that a parameter takes of the flat range, the gap behind it included.
int64_t aligned(const Shape& shape) { return plus(shape.elements(), alignment - 1) / alignment * alignment; }

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

std::vector<NumberLimit> limits_of(const Graph& g) {
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

// Thrown through the tree once a layer's output is not known.
struct Stop {};

}  // namespace

struct Network::Impl {
  std::vector<Input> inputs;
  Type output;
  std::map<std::string, Type> outputs;  // by an item's path
  std::vector<Item> items;
  std::vector<Tensor> tensors, buffers;
  std::vector<Tensor> all;
  std::map<std::string, size_t> parameter_index;  // by path, into tensors
  int64_t arena = 0, count = 0;
  Variable flat() const { return {"parameters", {DType::f32, {arena}}, Role::parameter}; }
  std::vector<LayerSummary> summaries;
  std::vector<Frozen> frozen;
  std::map<std::string, int64_t> frozen_layers;  // by path, until so many updates
  // What layers call tensors of others, by 'tie' or 'share': "head.weight", and the path that the tensor has.
  std::vector<std::pair<std::string, std::string>> other_names;
  std::vector<NumberLimit> limits;

  class LayerBuilder;
  std::vector<Value> build_list(const std::vector<Item>& list, std::span<const Value> given, class LayerBuilder& b);
  NetworkOutputs build_all(std::span<const Value> given, class LayerBuilder& b);
  Value build_item(const Item& item, std::span<const Value> inputs, class LayerBuilder& b);
};

// Serves two passes: the first (learning) finds the tensors and shapes, later ones build programs.
class Network::Impl::LayerBuilder final : public Builder {
 public:
  LayerBuilder(Impl& net, Graph& g, bool is_training, Value step, uint64_t seed, std::vector<Problem>* problem_list,
               const Decoding* decoding = nullptr, int64_t updates = 0)
      : problems(problem_list),
        net_(net),
        graph_(g),
        training_(is_training),
        step_(step),
        seed_(seed),
        decoding_(decoding),
        updates_(updates) {
    if (!problem_list && net.arena > 0) flat_ = variable(g, net.flat());
  }

  Graph& graph() override { return graph_; }
  bool training() const override {
    const auto frozen = net_.frozen_layers.find(layer_path);
    return training_ && (frozen == net_.frozen_layers.end() || frozen->second <= updates_);
  }

  Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override {
    names.push_back(name);
    for (const ModelItem::Tie& tie : *ties) {
      if (tie.parameter == name) return of_other("tie", name, tie.path, std::move(shape));
    }
    const std::string path = tensor_path + "." + name;
    if (shares()) return of_other("share", name, path, std::move(shape));
    if (problems) {
      DL_CHECK(!net_.parameter_index.contains(path), path, " is made twice");
      net_.parameter_index[path] = net_.tensors.size();
      net_.tensors.push_back({path, shape, true, net_.arena, layer_type, std::move(initial), std::ssize(net_.tensors)});
      net_.arena = plus(net_.arena, aligned(shape));
      net_.count += shape.elements();
      parameters += shape.elements();
      return dl::input(graph_, path, Type{DType::f32, std::move(shape)});
    }
    const Tensor& tensor = net_.tensors.at(net_.parameter_index.at(path));
    if (tensor.shape != shape)
      throw ShapeError(concat("'", path, "' is ", tensor.shape.text(), ", and would be ", shape.text(), " here"),
                       "take layers whose weights do not depend on the sequences' length");
    return view(flat_, tensor.offset, std::move(shape));
  }

  Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override {
    const std::string path = tensor_path + "." + name;
    if (problems && shares()) {
      const auto made = std::ranges::find(net_.buffers, path, &Tensor::path);
      if (made == net_.buffers.end() || made->shape != shape) fail_to_share(name, path);
      net_.other_names.emplace_back(concat(layer_path, ".", name), path);
    } else if (problems) {
      net_.buffers.push_back({path, shape, false, 0, layer_type, std::move(initial)});
    }
    const auto given = std::ranges::find(assigned_, path, &Assigned::path);
    return given != assigned_.end() ? given->value : variable(graph_, {path, Type{DType::f32, std::move(shape)}});
  }

  // Of a buffer that items share, the last value is kept.
  void assign(const std::string& name, Value value) override {
    if (!training() || problems) return;
    const std::string path = tensor_path + "." + name;
    const auto given = std::ranges::find(assigned_, path, &Assigned::path);
    if (given != assigned_.end())
      given->value = value;
    else
      assigned_.push_back({path, value});
  }
  void assign_buffers() {
    for (const Assigned& each : assigned_) graph_.assign(each.path, each.value);
  }

  Value carried(const std::string& name, Shape shape) override {
    if (problems) return Builder::carried(name, std::move(shape));
    return variable(graph_, carried_variable(name, shape));
  }

  void carry(const std::string& name, Value value) override {
    if (!problems) graph_.assign(carried_variable(name, value.shape()).name, value);
  }

  Value random(Shape shape) override {
    if (!step_) step_ = dl::input(graph_, "step", Type{DType::i32, {}});
    return random_uniform(step_, std::move(shape), seed_, concat(layer_path, "#", draws++));
  }

  // Once the layer is built: a tie that names none of its parameters is a mistake.
  void check_ties() const {
    for (const ModelItem::Tie& tie : *ties) {
      if (std::ranges::count(names, tie.parameter) > 0) continue;
      const std::string meant = closest(tie.parameter, names);
      throw ShapeError(concat("'tie' names the parameter '", tie.parameter, "', which the layer does not have"),
                       meant.empty() ? "remove it" : "write '" + meant + "'");
    }
  }

  const Decoding* decoding() const override { return decoding_; }
  Shape model_input() const override { return net_.inputs.at(0).type.shape; }

  // Batches of another size carry what is theirs.
  Variable carried_variable(const std::string& name, const Shape& shape) const {
    const auto [use, role] = decoding_   ? std::pair("decoding", Role::carried_in_decoding)
                             : training_ ? std::pair("carried", Role::carried_in_training)
                                         : std::pair("evaluating", Role::carried_in_evaluation);
    return {concat(use, "/", layer_path, ".", name, "/", shape[0]), {DType::f32, shape}, role, Variable::Spread::cut};
  }

  std::string layer_path, layer_type;
  std::string
      tensor_path;  // what the layer's tensors are named by: layer_path, or that of the item it shares them with
  const std::vector<ModelItem::Tie>* ties = nullptr;
  std::vector<std::string> names;  // of the layer's parameters so far
  int64_t parameters = 0;
  int draws = 0;
  std::vector<Problem>* problems;  // set while learning
  std::string doubtful;            // label of a layer before that was not wholly understood
  std::vector<NetworkOutputs::Part> parts;

 private:
  bool shares() const { return tensor_path != layer_path; }

  // The tensor of another layer, in the place of one of this layer's own, as the key `tie` or `share` has it.
  Value of_other(const std::string& key, const std::string& name, const std::string& path, Shape shape) {
    const auto found = net_.parameter_index.find(path);
    if (found == net_.parameter_index.end()) {
      if (key == "share") fail_to_share(name, path);
      std::vector<std::string> known;
      for (const Tensor& tensor : net_.tensors) known.push_back(tensor.path);
      const std::string meant = closest(path, known);
      throw ShapeError(
          concat("'tie' names '", path, "', which no layer before has"),
          meant.empty() ? "write NAME.weight, with the 'name' of a layer before" : "write '" + meant + "'");
    }
    const Tensor& tensor = net_.tensors[found->second];
    if (key == "share" && tensor.layer != layer_type && tensor.shape == shape)
      throw ShapeError(concat("shares '", name, "' with '", path, "', which '", tensor.layer, "' has made"),
                       "share an item that is the same layer or block with the same keys");
    if (tensor.shape != shape)
      throw ShapeError(concat("cannot ", key, " ", name, " ", shape.text(), key == "tie" ? " to " : " with ", path, " ",
                              tensor.shape.text()),
                       key == "tie" ? "tie parameters of one shape" : "give both items inputs of one shape");
    if (problems) {
      net_.other_names.emplace_back(concat(layer_path, ".", name), path);
      return dl::input(graph_, path, Type{DType::f32, std::move(shape)});
    }
    return view(flat_, tensor.offset, std::move(shape));
  }
  [[noreturn]] void fail_to_share(const std::string& name, const std::string& path) const {
    throw ShapeError(concat("shares '", name, "' with '", path, "', which no layer before has"),
                     "share an item that is the same layer or block with the same keys");
  }

  struct Assigned {
    std::string path;
    Value value;
  };
  std::vector<Assigned> assigned_;  // buffers, in the order first assigned to
  Impl& net_;
  Graph& graph_;
  bool training_;
  Value step_;
  uint64_t seed_;
  const Decoding* decoding_;
  int64_t updates_;
  Value flat_;
};

std::vector<Value> Network::Impl::build_list(const std::vector<Item>& list, std::span<const Value> given,
                                             LayerBuilder& b) {
  std::vector<Value> made;
  for (const Item& item : list) {
    std::vector<Value> inputs;
    for (int from : item.spec.from)
      inputs.push_back(from < 0 ? given[ModelItem::input_number(from)] : made.at(static_cast<size_t>(from)));
    made.push_back(build_item(item, inputs, b));
  }
  return made;
}

NetworkOutputs Network::Impl::build_all(std::span<const Value> given, LayerBuilder& b) {
  const std::vector<Value> made = build_list(items, given, b);
  NetworkOutputs out{.last = made.empty() ? given[0] : made.back()};
  for (size_t i = 0; i < made.size(); ++i) out.items[items[i].spec.path] = made[i];
  out.parts = std::move(b.parts);
  return out;
}

Value Network::Impl::build_item(const Item& item, std::span<const Value> inputs, LayerBuilder& b) {
  if (!item.spec.is_layer()) {
    const std::vector<Value> made = build_list(item.children, inputs, b);
    b.parts.push_back({item.spec.path, "", made.empty() ? inputs[0] : made.back()});
    return b.parts.back().value;
  }
  if (!item.layer) throw Stop{};
  b.layer_path = item.spec.path;
  b.tensor_path = item.spec.tensors.empty() ? item.spec.path : item.spec.tensors;
  b.layer_type = item.layer->name;
  b.ties = &item.spec.ties;
  b.names.clear();
  b.parameters = 0;
  b.draws = 0;
  b.graph().scope = item.spec.path;
  const int first = b.graph().size();
  if (item.doubtful && b.doubtful.empty()) b.doubtful = item.spec.label;
  Value y;
  try {
    y = item.layer->build(b, inputs);
    b.check_ties();
  } catch (const ShapeError& e) {
    if (!b.problems) throw;
    if (item.doubtful) throw Stop{};
    std::vector<std::string> notes = item.spec.notes;
    if (!b.doubtful.empty()) notes.push_back("computed with " + b.doubtful + " as far as it could be read");
    add_problem(*b.problems,
                {item.spec.where, concat(item.spec.label, " (", item.layer->name, ")"), e.what(), notes, e.help});
    throw Stop{};
  }
  b.graph().scope.clear();
  b.parts.push_back({item.spec.path, item.layer->name, y});
  if (b.problems) {
    double flops = 0;
    for (int i = first; i < b.graph().size(); ++i) {
      const GraphNode& node = b.graph().node(i);
      std::vector<Type> types;
      for (const Value& v : node.inputs) types.push_back(v.type());
      flops += node.op->cost(types, node.types).flops;
    }
    summaries.push_back({item.spec.path, item.layer->name, y.shape().without_batch(), b.parameters, flops,
                         item.spec.label, item.spec.where, item.spec.notes, item.layer->gives(),
                         item.layer->doubts(y)});
  }
  return y;
}

Network::Network(const std::vector<ModelItem>& items, std::vector<Input> inputs, std::vector<Problem>& problems)
    : impl_(std::make_unique<Impl>()) {
  for (const ModelItem& item : items) impl_->items.push_back(read_item(item, problems));
  impl_->inputs = std::move(inputs);
  Graph g;
  Impl::LayerBuilder b(*impl_, g, true, {}, 0, &problems);
  std::vector<Value> given;
  for (const Input& input : impl_->inputs) given.push_back(dl::input(g, input.name, batched(input.type, 1)));
  try {
    const NetworkOutputs made = impl_->build_all(given, b);
    const auto of_sample = [](Value v) { return Type{v.type().dtype, v.shape().without_batch()}; };
    impl_->output = of_sample(made.last);
    for (const auto& [path, value] : made.items) impl_->outputs[path] = of_sample(value);
    impl_->limits = limits_of(g);
  } catch (const Stop&) {
  }
  impl_->all = impl_->tensors;
  impl_->all.insert(impl_->all.end(), impl_->buffers.begin(), impl_->buffers.end());
}

Network::~Network() = default;

void Network::arrange(const std::function<size_t(const Tensor&)>& group) {
  Impl& m = *impl_;
  std::stable_sort(m.tensors.begin(), m.tensors.end(),
                   [&](const Tensor& a, const Tensor& b) { return group(a) < group(b); });
  m.arena = 0;
  for (size_t i = 0; i < m.tensors.size(); ++i) {
    m.tensors[i].offset = m.arena;
    m.arena += aligned(m.tensors[i].shape);
    m.parameter_index[m.tensors[i].path] = i;
  }
  std::ranges::copy(m.tensors, m.all.begin());
}

namespace {

// Whether the pattern is of that path, or of a part of the model that it is in.
bool is_in(const std::string& pattern, const std::string& path) {
  return fits_pattern(pattern, path) || fits_pattern(pattern + ".*", path);
}

// The updates until which it is frozen; 0: it is not.
int64_t until(const std::vector<Frozen>& frozen, const std::string& path) {
  int64_t last = 0;
  for (const Frozen& each : frozen)
    if (std::ranges::any_of(each.params.list, [&](const std::string& pattern) { return is_in(pattern, path); }))
      last = std::max(last, each.until);
  return last;
}

// The layer that a tensor is of: the longest path of one that the tensor's begins with.
std::string layer_with(const std::string& tensor, const std::set<std::string>& layers) {
  for (size_t dot = tensor.rfind('.'); dot != std::string::npos; dot = dot == 0 ? dot - 1 : tensor.rfind('.', dot - 1))
    if (layers.contains(tensor.substr(0, dot))) return tensor.substr(0, dot);
  return "";
}

}  // namespace

std::vector<std::string> Network::freeze(const std::vector<Frozen>& frozen) {
  Impl& m = *impl_;
  m.frozen = frozen;
  m.frozen_layers.clear();
  std::vector<std::string> idle;
  for (const Frozen& each : frozen) idle.insert(idle.end(), each.params.list.begin(), each.params.list.end());
  const auto is_there = [&](const std::string& path) {
    std::erase_if(idle, [&](const std::string& pattern) { return is_in(pattern, path); });
  };
  std::set<std::string> layers;
  for (const LayerSummary& layer : m.summaries) layers.insert(layer.path);
  std::map<std::string, int64_t> first_trained;  // by layer: until one of its tensors is trained
  const auto has = [&](const std::string& path, const std::string& tensor) {
    is_there(path);
    int64_t& first = first_trained.try_emplace(layer_with(path, layers), Frozen::always).first->second;
    first = std::min(first, frozen_until(tensor));
  };
  for (const Tensor& tensor : m.all) has(tensor.path, tensor.path);
  for (const auto& [name, tensor] : m.other_names) has(name, tensor);
  for (const LayerSummary& layer : m.summaries) {
    is_there(layer.path);
    const auto own = first_trained.find(layer.path);
    m.frozen_layers[layer.path] = std::max(own != first_trained.end() ? own->second : 0, until(frozen, layer.path));
  }
  return idle;
}

// A tensor of several layers is frozen where it is by one of its names.
int64_t Network::frozen_until(const std::string& tensor) const {
  int64_t last = until(impl_->frozen, tensor);
  for (const auto& [name, of] : impl_->other_names)
    if (of == tensor) last = std::max(last, until(impl_->frozen, name));
  return last;
}

std::vector<int64_t> Network::thaws() const {
  std::set<int64_t> ends;
  for (const Frozen& each : impl_->frozen)
    if (each.until != Frozen::always) ends.insert(each.until);
  return {ends.begin(), ends.end()};
}

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
const std::vector<Tensor>& Network::tensors() const { return impl_->all; }
Variable Network::parameters() const { return impl_->flat(); }
int64_t Network::arena_elements() const { return impl_->arena; }
int64_t Network::parameter_count() const { return impl_->count; }
std::vector<LayerSummary> Network::layers() const { return impl_->summaries; }
std::vector<NumberLimit> Network::number_limits() const { return impl_->limits; }

NetworkOutputs Network::build(Graph& graph, std::span<const Value> inputs, bool training, Value step, uint64_t seed,
                              const Decoding* decoding, int64_t updates) const {
  Impl::LayerBuilder b(*impl_, graph, training, step, seed, nullptr, decoding, updates);
  NetworkOutputs outputs = impl_->build_all(inputs, b);
  b.assign_buffers();
  return outputs;
}

}  // namespace dl
