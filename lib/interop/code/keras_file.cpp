// The graph of layers in Keras's order, and their variables by class and number.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/keras_file.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/data/file/zip_writer.h"
#include "lib/interop/code/assignments.h"
#include "lib/interop/code/call_text.h"
#include "lib/interop/keras/keras_names.h"
#include "lib/interop/weights/hdf5.h"

namespace dl::code {
namespace {

using Json = nlohmann::json;

// A call of a layer: the layer's number, and which of its calls.
struct NodeOf {
  size_t layer = 0, call = 0;
  auto operator<=>(const NodeOf&) const = default;
};

struct KerasLayer {
  std::string name, kind;
  Json config = Json::object();
  struct Node {
    Json args, kwargs;
    std::vector<NodeOf> from;
  };
  std::vector<Node> nodes;
};

Json constant(const CallTree& e);

// layers.LSTM(units=3), as an argument of another layer.
Json serialized(const CallTree& constructor) {
  const std::string& kind = constructor.items[0].text;
  DL_CHECK(kind.starts_with("layers.") && constructor.items.size() == 1, "'", kind, "' has arguments without names");
  Json config = Json::object();
  for (const auto& [key, value] : constructor.named) config[key] = constant(value);
  return {{"module", "keras.layers"},
          {"class_name", kind.substr(kind.find('.') + 1)},
          {"config", config},
          {"registered_name", nullptr}};
}

Json constant(const CallTree& e) {
  if (e.kind == CallTree::Kind::text) return e.text;
  if (e.kind == CallTree::Kind::number)
    return e.text.find_first_of(".e") == std::string::npos ? Json(std::stoll(e.text)) : Json(std::stod(e.text));
  if (e.kind == CallTree::Kind::list) {
    Json list = Json::array();
    for (const CallTree& item : e.items) list.push_back(constant(item));
    return list;
  }
  if (e.kind == CallTree::Kind::call) return serialized(e);
  DL_CHECK(e.text == "True" || e.text == "False" || e.text == "None", "'", e.text, "' is no constant");
  return e.text == "None" ? Json() : Json(e.text == "True");
}

class KerasGraph {
 public:
  KerasGraph(const std::vector<Network::Input>& inputs, const std::vector<KerasCall>& calls, size_t result) {
    for (const Network::Input& input : inputs) {
      const char* type = input.type.dtype == DType::i32 ? "int32" : input.type.dtype == DType::u8 ? "uint8" : "float32";
      KerasLayer layer{input_layer_name(input.name), "InputLayer", Json::object(), {}};
      layer.config["batch_shape"] = with_batch(input.type.shape);
      layer.config["dtype"] = type;
      inputs_.push_back({layers_.size(), 0});
      layer.nodes.push_back({Json::array(), Json::object(), {}});
      shapes_[inputs_.back()] = input.type.shape;
      layers_.push_back(std::move(layer));
    }
    const std::vector<char> is_read = values_read(inputs.size(), calls, result);
    std::vector<NodeOf> values = inputs_;
    for (size_t i = 0; i < calls.size(); ++i) {
      values.emplace_back();
      if (is_read[inputs.size() + i] == 0) continue;
      call_ = &calls[i];
      values_ = &values;
      values.back() = called(read_call(calls[i].call));
      if (calls[i].output) shapes_[values.back()] = *calls[i].output;
    }
    output_ = values[result];
    sort();
  }

  Json config() const {
    Json layers = Json::array();
    for (const size_t number : order_) {
      const KerasLayer& layer = layers_[number];
      Json nodes = Json::array();
      for (const KerasLayer::Node& node : layer.nodes)
        if (layer.kind != "InputLayer") nodes.push_back({{"args", node.args}, {"kwargs", node.kwargs}});
      Json keys = layer.config;
      keys["name"] = layer.name;
      layers.push_back({{"module", "keras.layers"},
                        {"class_name", layer.kind},
                        {"config", keys},
                        {"registered_name", nullptr},
                        {"name", layer.name},
                        {"inbound_nodes", nodes}});
    }
    Json inputs = Json::array();
    for (const NodeOf& input : inputs_) inputs.push_back(place(input));
    return {{"module", "keras.src.models.functional"},
            {"class_name", "Functional"},
            {"registered_name", "Functional"},
            {"config",
             {{"name", "model"},
              {"layers", layers},
              {"input_layers", inputs},
              {"output_layers", Json::array({place(output_)})}}}};
  }

  // In the order in which Keras counts them.
  std::vector<const KerasLayer*> layers() const {
    std::vector<const KerasLayer*> all;
    for (const size_t number : order_) all.push_back(&layers_[number]);
    return all;
  }

 private:
  static Json with_batch(const Shape& sample) {
    Json sizes = Json::array({nullptr});
    for (const int64_t n : sample.sizes()) sizes.push_back(n);
    return sizes;
  }
  Json place(const NodeOf& node) const { return Json::array({layers_[node.layer].name, node.call, 0}); }
  Json tensor(const NodeOf& node) const {
    const auto shape = shapes_.find(node);
    return {{"class_name", "__keras_tensor__"},
            {"config",
             {{"shape", shape == shapes_.end() ? Json::array({nullptr}) : with_batch(shape->second)},
              {"dtype", layers_[node.layer].config.value("dtype", "float32")},
              {"keras_history", place(node)}}}};
  }

  // What an expression of tensors gives: {x}, {self}(…) or layers.Add()(…).
  NodeOf called(const CallTree& e) {
    if (e.kind == CallTree::Kind::name) {
      for (size_t k = 0; k < call_->inputs.size(); ++k)
        if (e.text == (k == 0 ? "{x}" : concat("{x", k, "}"))) return (*values_)[call_->inputs[k]];
      DL_CHECK(false, "'", e.text, "' is no value");
    }
    DL_CHECK(e.kind == CallTree::Kind::call, "no call");
    const CallTree& what = e.items[0];
    const size_t number = what.kind == CallTree::Kind::call ? layer_of(helper_name(what), what)
                                                            : layer_of(call_->layer, read_call(call_->constructor));
    KerasLayer::Node node{Json::array(), Json::object(), {}};
    for (size_t i = 1; i < e.items.size(); ++i) node.args.push_back(argument(e.items[i], node.from));
    for (const auto& [name, value] : e.named) node.kwargs[name] = constant(value);
    layers_[number].nodes.push_back(std::move(node));
    return {number, layers_[number].nodes.size() - 1};
  }

  Json argument(const CallTree& e, std::vector<NodeOf>& from) {
    if (e.kind == CallTree::Kind::list) {
      Json list = Json::array();
      for (const CallTree& item : e.items) list.push_back(argument(item, from));
      return list;
    }
    from.push_back(called(e));
    return tensor(from.back());
  }

  // Of a layer that is made beside an item's own, or that is all that the item is.
  std::string helper_name(const CallTree& constructor) const {
    if (call_->constructor.empty()) return call_->layer;
    return call_->layer + "." + lower_case(constructor.items[0].text.substr(constructor.items[0].text.rfind('.') + 1));
  }

  size_t layer_of(const std::string& name, const CallTree& constructor) {
    const auto known = std::ranges::find(layers_, name, &KerasLayer::name);
    if (known != layers_.end()) return static_cast<size_t>(known - layers_.begin());
    const Json made = serialized(constructor);
    layers_.push_back({name, made["class_name"], made["config"], {}});
    return layers_.size() - 1;
  }

  static std::string lower_case(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return text;
  }

  // By how many calls stand between a layer and the output at most, and else in the order in which a walk from the
  // output meets them: keras.src.ops.function.map_graph.
  void sort() {
    std::vector<NodeOf> behind;
    std::map<size_t, size_t> met;
    visit(output_, behind, met);
    std::map<NodeOf, size_t> depths;
    std::map<size_t, size_t> layer_depths;
    for (size_t i = behind.size(); i-- > 0;) {
      const NodeOf& node = behind[i];
      const size_t depth = std::max(depths[node], layer_depths[node.layer]);
      depths[node] = layer_depths[node.layer] = depth;
      for (const NodeOf& from : layers_[node.layer].nodes[node.call].from)
        depths[from] = std::max(depths[from], depth + 1);
    }
    for (const NodeOf& input : inputs_) layer_depths.try_emplace(input.layer, 0);
    for (const auto& [layer, depth] : layer_depths) order_.push_back(layer);
    const auto place_of = [&](size_t layer) {  // an input that nothing reads comes first of its depth
      const auto found = met.find(layer);
      return found == met.end() ? 0 : found->second + 1;
    };
    std::ranges::stable_sort(order_, [&](size_t a, size_t b) {
      const size_t da = layer_depths.at(a), db = layer_depths.at(b);
      return da != db ? da > db : place_of(a) < place_of(b);
    });
  }
  void visit(const NodeOf& node, std::vector<NodeOf>& behind, std::map<size_t, size_t>& met) {
    if (!done_.insert(node).second) return;
    met.try_emplace(node.layer, met.size());
    for (const NodeOf& from : layers_[node.layer].nodes[node.call].from) visit(from, behind, met);
    behind.push_back(node);
  }

  std::vector<KerasLayer> layers_;
  std::vector<NodeOf> inputs_;
  NodeOf output_;
  std::map<NodeOf, Shape> shapes_;
  std::set<NodeOf> done_;
  std::vector<size_t> order_;
  const KerasCall* call_ = nullptr;
  const std::vector<NodeOf>* values_ = nullptr;
};

// What parts of a layer are called as its attributes.
std::string attribute_of(const std::string& part) {
  static const std::map<std::string, std::string> attributes{{"query", "query_dense"},
                                                             {"key", "key_dense"},
                                                             {"value", "value_dense"},
                                                             {"attention_output", "output_dense"},
                                                             {"lstm_cell", "cell"},
                                                             {"gru_cell", "cell"},
                                                             {"simple_rnn_cell", "cell"},
                                                             {"forward_rnn", "forward_layer"},
                                                             {"backward_rnn", "backward_layer"}};
  const auto found = attributes.find(part);
  return found == attributes.end() ? part : found->second;
}

StoredTensor stored(ElementType type, const Shape& shape, const void* values) {
  StoredTensor tensor;
  tensor.type = type;
  tensor.shape = shape;
  const char* bytes = static_cast<const char*>(values);
  tensor.bytes = StoredBytes::in_memory({bytes, bytes + tensor.byte_count()});
  return tensor;
}

// Every layer has a group of variables, and those that draw numbers a seed.
struct KerasVariables {
  KerasVariables(const KerasGraph& graph, const std::vector<NamedArray>& arrays) {
    root.groups["vars"];
    std::map<std::string, int> counts;
    for (const KerasLayer* layer : graph.layers()) {
      const std::string path = keras::snake_case(layer->kind);
      const int number = counts[path]++;
      TensorTree& group = root.groups["layers"].groups[number == 0 ? path : concat(path, "_", number)];
      group.groups["vars"].attributes["name"] = layer->name;
      for (const NamedArray& array : arrays)
        if (array.name.starts_with(layer->name + "/")) add(group, array, layer->name.size() + 1);
      if (layer->kind == "MultiHeadAttention") {
        group.groups["_softmax"].groups["vars"];
        TensorTree& dropout = group.groups["_dropout_layer"];
        dropout.groups["vars"];
        if (layer->config.value("dropout", 0.0) > 0) add_seed(dropout);
      }
      if (layer->kind == "Dropout" && layer->config.value("rate", 0.0) > 0) add_seed(group);
    }
  }

  TensorTree root;

 private:
  void add(TensorTree& layer, const NamedArray& array, size_t begin) {
    TensorTree* group = &layer;
    for (size_t end = array.name.find('/', begin); end != std::string::npos; end = array.name.find('/', begin)) {
      const std::string part = array.name.substr(begin, end - begin);
      group = &group->groups[attribute_of(part)];
      group->groups["vars"].attributes["name"] = part;
      begin = end + 1;
    }
    TensorTree& variables = group->groups["vars"];
    kept_.push_back(std::make_unique<StoredTensor>(stored(ElementType::f32, array.shape, array.values.data())));
    variables.tensors[std::to_string(variables.tensors.size())] = kept_.back().get();
  }
  void add_seed(TensorTree& group) {
    constexpr uint32_t zeros[2]{};
    kept_.push_back(std::make_unique<StoredTensor>(stored(ElementType::u32, {2}, zeros)));
    group.groups["seed_generator"].groups["vars"].tensors["0"] = kept_.back().get();
  }

  std::vector<std::unique_ptr<StoredTensor>> kept_;
};

}  // namespace

std::string input_layer_name(std::string input) {
  std::ranges::replace(input, '/', '_');
  return input;
}

void write_keras_file(const std::filesystem::path& file, const std::vector<Network::Input>& inputs,
                      const std::vector<KerasCall>& calls, size_t result, const std::vector<NamedArray>& arrays) {
  const KerasGraph graph(inputs, calls, result);
  const KerasVariables variables(graph, arrays);
  uint64_t bytes = 0;
  write_hdf5(variables.root, [&](const void*, size_t more) { bytes += more; });
  AtomicFile out(file);
  ZipWriter zip([&](const void* data, size_t more) { out.append(data, more); });
  zip.add("metadata.json", "{}");
  zip.add("config.json", graph.config().dump());
  zip.add("model.weights.h5", bytes, [&](const ZipWriter::Append& append) { write_hdf5(variables.root, append); });
  zip.finish();
  out.commit();
}

}  // namespace dl::code
