// Calls in an order in which each stands behind what it reads; models in models in the place of their calls.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_graph.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/interop/keras/keras_call.h"
#include "lib/interop/keras/keras_names.h"
#include "lib/interop/keras/keras_operations.h"

namespace dl::keras {
namespace {

class KerasGraph {
 public:
  explicit KerasGraph(KerasItems& items) : items_(items) {}

  void add_model(const Json& model) {
    const Json& config = model.at("config");
    const std::string kind = model.value("class_name", "");
    if (kind != "Sequential" && kind != "Functional") {
      items_.problems.push_back(
          concat("a model of the class '", kind, "': only Sequential and Functional ones say their layers"));
      return;
    }
    scope_.paths = paths_of(config.at("layers"), "");
    std::string last;
    if (kind == "Sequential") {
      for (const Json& layer : config.at("layers")) last = add_call(layer, {last}, false);
      return items_.finish(last);
    }
    add_calls(config);
    items_.outputs = outputs_of_scope(config);
    if (items_.outputs.size() == 1) items_.finish(items_.outputs[0]);
  }

 private:
  // What the names of a model's layers stand for; a model in it has its own.
  struct Scope {
    std::string prefix;                        // of the items' names
    std::string suffix;                        // … where the model is called again, with the first call's weights
    std::map<std::string, std::string> paths;  // of the layers' variables
    std::map<Call, std::string> item_of;
    std::map<std::string, std::string> given;  // items that its inputs are; none: they are the data's
  };

  std::vector<std::string> outputs_of_scope(const Json& config) {
    std::vector<std::string> items_of_outputs;
    for (const Json& tensor : tensors_named(config.at("output_layers"))) {
      expect_first(tensor, "the model");
      items_of_outputs.push_back(scope_.item_of[call_of(tensor)]);
    }
    return items_of_outputs;
  }
  // Layers have one output here.
  void expect_first(const Json& tensor, const std::string& reader) {
    if (tensor.size() > 2 && tensor[2].is_number() && tensor[2] != 0)
      items_.problems.push_back(
          concat(reader, " reads output ", tensor[2].dump(), " of '", call_of(tensor).first, "', which has one here"));
  }

  // The layers of a model that is called as a layer, in the place of that.
  std::string add_nested(const Json& layer, const std::vector<std::string>& from, int64_t call) {
    const Json& config = layer.at("config");
    const std::string name = config.value("name", "");
    Scope own{.prefix = item_name(name, 0) + "_",
              .suffix = scope_.suffix + (call > 0 ? concat("_call", call) : ""),
              .paths = {},
              .item_of = {},
              .given = {}};
    Scope outer = std::exchange(scope_, std::move(own));
    scope_.paths = paths_of(config.at("layers"), outer.paths[name]);
    std::string last = from.empty() ? "" : from[0];
    if (layer.value("class_name", "") == "Sequential") {
      for (const Json& inner : config.at("layers"))
        if (inner.value("class_name", "") != "InputLayer") last = add_call(inner, {last}, false);
    } else {
      const std::vector<Call> named = calls_named(config.at("input_layers"));
      for (size_t i = 0; i < std::min(named.size(), from.size()); ++i) scope_.given[named[i].first] = from[i];
      add_calls(config);
      const std::vector<std::string> made = outputs_of_scope(config);
      if (made.size() != 1)
        items_.problems.push_back(concat("'", name, "': a model with several outputs in a model has no counterpart"));
      if (!made.empty()) last = made[0];
    }
    scope_ = std::move(outer);
    return last;
  }

  static std::map<std::string, std::string> paths_of(const Json& layers, const std::string& path) {
    std::map<std::string, std::string> paths;
    std::map<std::string, int> counts;
    for (const Json& layer : layers) {
      const std::string given = layer.value("class_name", "");  // not always the class's own name
      const std::string kind = snake_case(given == "GroupQueryAttention" ? "GroupedQueryAttention" : given);
      const int number = counts[kind]++;
      paths[layer.at("config").value("name", "")] =
          concat(path, "layers/", kind, number ? concat("_", number) : "", "/");
    }
    return paths;
  }

  // Layers in an order in which each stands behind what it reads.
  void add_calls(const Json& config) {
    std::vector<const Json*> layers_in_order;  // inputs before all others, in the order that the model takes them in
    for (const Call& input : calls_named(config.value("input_layers", Json::array())))
      for (const Json& layer : config.at("layers"))
        if (layer.at("config").value("name", "") == input.first) layers_in_order.push_back(&layer);
    for (const Json& layer : config.at("layers"))
      if (std::ranges::count(layers_in_order, &layer) == 0) layers_in_order.push_back(&layer);
    std::vector<std::pair<const Json*, int64_t>> open;
    for (const Json* each : layers_in_order) {
      const Json& layer = *each;
      const auto& nodes = layer.at("inbound_nodes");
      for (int64_t call = 0; call < std::max<int64_t>(static_cast<int64_t>(nodes.size()), 1); ++call)
        open.emplace_back(&layer, call);
    }
    while (!open.empty()) {
      const size_t before = open.size();
      for (size_t i = 0; i < open.size();) {
        const auto [layer, call] = open[i];
        std::vector<std::string> from;
        bool causal = false;
        const std::string name = layer->at("config").value("name", "");
        // Later calls share what the first one has.
        if ((call > 0 && !scope_.item_of.contains({name, 0})) || !reads(*layer, call, from, causal)) {
          ++i;
          continue;
        }
        const std::string item = add_call(*layer, from, causal, call);
        scope_.item_of[{name, call}] = item;
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (open.size() == before) {
        items_.problems.push_back(
            concat("what '", open[0].first->at("config").value("name", ""), "' reads is made by no layer"));
        return;
      }
    }
  }

  // What a call reads; false where some of it is not there yet.
  bool reads(const Json& layer, int64_t call, std::vector<std::string>& from, bool& causal) {
    const auto& nodes = layer.at("inbound_nodes");
    if (nodes.empty()) return true;
    const CallArguments given = arguments_of(nodes.at(static_cast<size_t>(call)));
    for (const Json& tensor : given.tensors) {
      const auto found = scope_.item_of.find(call_of(tensor));
      if (found == scope_.item_of.end()) return false;
      from.push_back(found->second);
    }
    causal = given.keywords.value("use_causal_mask", false);
    note_call(layer, given);
    return true;
  }

  // What a call says besides what is read.
  void note_call(const Json& layer, const CallArguments& given) {
    const std::string name = layer.at("config").value("name", "");
    for (const Json& tensor : given.tensors) expect_first(tensor, concat("'", name, "'"));
    for (const auto& [key, value] : given.keywords.items()) {
      if (!tensors_in(value).empty() && !is_input_keyword(key))
        items_.problems.push_back(concat("'", name, "' (", layer.value("class_name", ""), "): is called with '", key,
                                         "', which has no counterpart"));
      if (key == "training" && value.is_boolean())
        items_.left_out[value.get<bool>() ? "training=True" : "training=False"].push_back(name);
    }
  }

  // The item whose output the layer's is.
  std::string add_call(const Json& layer, std::vector<std::string> from, bool causal, int64_t call = 0) {
    const std::string kind = layer.value("class_name", ""), layer_name = layer.at("config").value("name", "");
    if (kind == "InputLayer") return scope_.given.contains(layer_name) ? scope_.given[layer_name] : add_input(layer);
    if (kind == "Functional" || kind == "Sequential") return add_nested(layer, from, call);
    const auto make = layers().find(kind);
    const Json registered = layer.value("registered_name", Json());
    const bool is_own = registered.is_string() && registered.get<std::string>().find('>') != std::string::npos;
    if (!is_operation(layer) && (make == layers().end() || is_own)) {
      items_.problems.push_back(concat("'", layer_name, "': the layer ", is_own ? registered.get<std::string>() : kind,
                                       " has no counterpart that is known"));
      return layer_name;
    }
    Json config = layer.at("config");
    if (causal) config["causal"] = true;
    if (const Json build = layer.value("build_config", Json::object()); build.contains("input_shape")) {
      const Json& shape = build["input_shape"];  // of several inputs a list of shapes
      config["rank"] = shape.is_array() && !shape.empty() && shape[0].is_array() ? shape[0].size() : shape.size();
    }
    if (items_.inputs.empty()) add_input_of(layer);  // a Sequential without an InputLayer
    std::erase(from, "");
    const Settings settings(config, concat("'", layer_name, "' (", kind, ")"), items_.problems);
    Made made = is_operation(layer) ? operation(layer, call, from.size(), settings) : make->second(settings);
    // Attention that looks at what it reads is one input.
    const bool attends = kind == "MultiHeadAttention" || kind == "GroupQueryAttention";
    if (attends && std::ranges::all_of(from, [&](const std::string& f) { return f == from[0]; })) from.resize(1);
    if (attends && from.size() == 3) std::swap(from[1], from[2]);  // (query, value, key) there
    if (from.size() > (attends ? 3 : made.is_merge ? from.size() : 1))
      settings.refuse(concat("reads ", from.size(), " tensors, such as states or a mask, which has no counterpart"));
    if (made.layers.empty()) return layer_name;
    const bool is_again = call > 0 || !scope_.suffix.empty();
    const std::string name = item_name(layer_name, call) + scope_.suffix;
    std::string last;
    for (size_t i = 0; i < made.layers.size(); ++i) {
      const std::string own = i == 0 ? name : concat(name, "_", i == 1 ? "activation" : std::to_string(i));
      items_.add_item(made.layers[i], own, i == 0 ? from : std::vector<std::string>{},
                      i == 0 && is_again ? item_name(layer_name, 0) : "");
      last = own;
    }
    if (is_again) return last;
    for (const Variable& variable : made.variables) items_.add_tensor(name, scope_.paths[layer_name], variable);
    const bool is_frozen = made.is_fixed || layer.at("config").value("trainable", Json(true)) == Json(false);
    if (!made.variables.empty()) (is_frozen ? items_.frozen : items_.trained).push_back(name);
    items_.note_left_out(config, layer_name);
    if (config.contains("layer") && config["layer"].is_object())
      items_.note_left_out(config["layer"].value("config", Json::object()), layer_name);
    return last;
  }

  std::string add_input(const Json& layer) {
    const Json& config = layer.at("config");
    const Json shape = config.value("batch_shape", config.value("batch_input_shape", Json::array()));
    const std::string name = config.value("name", "");
    return items_.add_input(name, item_name(name, 0), shape, config.value("dtype", "float32"));
  }
  void add_input_of(const Json& layer) {
    const Json build = layer.value("build_config", Json::object());
    items_.add_input("x", "x", layer.at("config").value("batch_input_shape", build.value("input_shape", Json::array())),
                     "float32");
  }

  std::string item_name(const std::string& layer, int64_t call) const {
    return keras::item_name(scope_.prefix, layer, call);
  }

  KerasItems& items_;
  Scope scope_;
};

}  // namespace

void add_model(const Json& model, KerasItems& items) { KerasGraph(items).add_model(model); }

}  // namespace dl::keras
