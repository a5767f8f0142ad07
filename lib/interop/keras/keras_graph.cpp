// Calls in an order in which each stands behind what it reads; models in models in the place of their calls.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_graph.h"

#include <algorithm>
#include <set>

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
    if (items_.outputs.size() < 2) return;
    const Json& named = config.at("output_layers");
    for (const Call& call : calls_named(named)) items_.output_names.push_back({call.first});
    if (named.is_object() && named.size() == items_.outputs.size())
      for (size_t i = 0; const auto& [key, tensor] : named.items()) items_.output_names[i++].push_back(key);
    for (std::string& output : items_.outputs) output = items_.as_item(output);
  }

 private:
  // What the names of a model's layers stand for; a model in it has its own.
  struct Scope {
    std::string place;                         // the names of the models that it stands in
    std::string prefix;                        // of the items' names
    std::string suffix;                        // … where the model is called again, with the first call's weights
    std::map<std::string, std::string> paths;  // of the layers' variables
    std::map<Call, std::string> item_of;
    std::map<std::string, std::string> given;  // items that its inputs are; none: they are the data's
    std::set<std::string> counted_from_one;    // models whose calls are
  };

  // Which call makes a tensor.
  Call made_by(const Json& tensor) const {
    Call call = call_of(tensor);
    if (scope_.counted_from_one.contains(call.first)) --call.second;
    return call;
  }
  // Before Keras 3 the first call of a model that has inputs was its own, which is not written.
  static std::set<std::string> counted_from_one(const Json& config) {
    std::set<std::string> names;
    for (const Json& layer : config.at("layers")) {
      const std::string kind = layer.value("class_name", "");
      const Json &nodes = layer.at("inbound_nodes"), &inside = layer.at("config");
      if ((kind != "Functional" && kind != "Sequential") || nodes.empty() || !nodes.at(0).is_array()) continue;
      const Json layers = inside.value("layers", Json::array());
      if (!layers.empty() && layers.at(0).value("class_name", "") == "InputLayer")
        names.insert(inside.value("name", ""));
    }
    return names;
  }

  std::vector<std::string> outputs_of_scope(const Json& config) {
    std::vector<std::string> items_of_outputs;
    for (const Json& tensor : tensors_named(config.at("output_layers"))) {
      expect_first(tensor, "the model");
      const auto made = scope_.item_of.find(made_by(tensor));
      if (made == scope_.item_of.end())
        items_.problems.push_back(concat("the output '", call_of(tensor).first, "' is made by no layer"));
      else
        items_of_outputs.push_back(made->second);
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
    Scope own{.place = concat(scope_.place, name, "\n"),
              .prefix = keras::item_name(scope_.prefix, name, 0) + "_",
              .suffix = scope_.suffix + (call > 0 ? concat("_call", call) : ""),
              .paths = {},
              .item_of = {},
              .given = {},
              .counted_from_one = {}};
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

  struct LayerCall {
    const Json* layer;
    int64_t number;
    Call call() const { return {layer->at("config").value("name", ""), number}; }
  };

  // The calls as the file has them, inputs before all others, in the order that the model takes them in.
  static std::vector<LayerCall> calls_of(const Json& config) {
    std::map<std::string, std::vector<const Json*>> by_name;
    std::vector<const Json*> in_order;
    for (const Json& layer : config.at("layers")) by_name[layer.at("config").value("name", "")].push_back(&layer);
    for (const Call& input : calls_named(config.value("input_layers", Json::array())))
      if (const auto found = by_name.find(input.first); found != by_name.end())
        in_order.insert(in_order.end(), found->second.begin(), found->second.end());
    for (const Json& layer : config.at("layers")) in_order.push_back(&layer);
    std::vector<LayerCall> calls;
    std::set<const Json*> seen;
    for (const Json* layer : in_order) {
      if (!seen.insert(layer).second) continue;
      const auto count = static_cast<int64_t>(layer->at("inbound_nodes").size());
      for (int64_t number = 0; number < std::max<int64_t>(count, 1); ++number) calls.push_back({layer, number});
    }
    return calls;
  }

  // Layers in an order in which each stands behind what it reads: again and again those that can be, as the file has
  // them.
  void add_calls(const Json& config) {
    scope_.counted_from_one = counted_from_one(config);
    const std::vector<LayerCall> calls = calls_of(config);
    std::map<Call, std::vector<size_t>> readers;  // of what is not there yet
    std::vector<size_t> missing(calls.size());
    std::set<size_t> now, later;
    for (size_t i = 0; i < calls.size(); ++i) {
      const std::set<Call> needs = needs_of(calls[i]);
      missing[i] = needs.size();
      for (const Call& need : needs) readers[need].push_back(i);
      if (needs.empty()) now.insert(i);
    }
    std::vector<bool> is_made(calls.size());
    while (!now.empty()) {
      const size_t i = *now.begin();
      now.erase(now.begin());
      const auto& [layer, number] = calls[i];
      std::vector<std::string> from;
      bool causal = false;
      read_call(*layer, number, from, causal);
      const Call made = calls[i].call();
      scope_.item_of[made] = add_call(*layer, from, causal, number);
      is_made[i] = true;
      if (const auto read = readers.extract(made))
        for (const size_t reader : read.mapped())
          if (--missing[reader] == 0) (reader > i ? now : later).insert(reader);
      if (now.empty()) std::swap(now, later);
    }
    const auto first = std::ranges::find(is_made, false);
    if (first != is_made.end())
      items_.problems.push_back(concat("what '", calls[static_cast<size_t>(first - is_made.begin())].call().first,
                                       "' reads is made by no layer"));
  }

  // The calls that stand before it. Later calls share what the first one has.
  std::set<Call> needs_of(const LayerCall& call) const {
    std::set<Call> needs;
    const Json& nodes = call.layer->at("inbound_nodes");
    if (!nodes.empty())
      for (const Json& tensor : arguments_of(nodes.at(static_cast<size_t>(call.number))).tensors)
        needs.insert(made_by(tensor));
    if (call.number > 0) needs.insert({call.call().first, 0});
    return needs;
  }

  // What a call reads, all of which is there.
  void read_call(const Json& layer, int64_t call, std::vector<std::string>& from, bool& causal) {
    const Json& nodes = layer.at("inbound_nodes");
    CallArguments given{.tensors = {}, .keywords = Json::object()};
    if (!nodes.empty()) given = arguments_of(nodes.at(static_cast<size_t>(call)));
    for (const Json& tensor : given.tensors) from.push_back(scope_.item_of.at(made_by(tensor)));
    if (from.empty() && layer.value("class_name", "") != "InputLayer")
      items_.problems.push_back(concat("'", layer.at("config").value("name", ""), "' reads what no layer makes"));
    causal = given.keywords.value("use_causal_mask", false);
    note_call(layer, given);
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
    if (++calls_ == most_calls)
      items_.problems.push_back(concat("the model calls layers ", most_calls, " times or more"));
    if (calls_ >= most_calls) return layer_name;
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
    if (items_.is_before_3) config["before_3"] = true;
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
    if (attends && from.size() > 1 && std::ranges::all_of(from, [&](const std::string& f) { return f == from[0]; }))
      from.resize(1);
    if (attends && from.size() == 3) std::swap(from[1], from[2]);  // (query, value, key) there
    if (from.size() > (attends ? 3 : made.is_merge ? from.size() : 1))
      settings.refuse(concat("reads ", from.size(), " tensors, such as states or a mask, which has no counterpart"));
    if (made.layers.empty()) return layer_name;
    const bool is_again = call > 0 || !scope_.suffix.empty();
    const std::string name = item_name(layer_name, call, scope_.suffix);
    std::string last;
    for (size_t i = 0; i < made.layers.size(); ++i) {
      const std::string own =
          i == 0 ? name : items_.unique_name(concat(name, "_", i == 1 ? "activation" : std::to_string(i)));
      items_.add_item(made.layers[i], own, i == 0 ? from : std::vector<std::string>{},
                      i == 0 && is_again ? item_name(layer_name, 0) : "");
      last = own;
    }
    if (kind == "ActivityRegularization") items_.add_activity(last, settings.number("l1", 0), settings.number("l2", 0));
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

  // Of each call a name of its own: two layers' may differ in what no item's can have. `suffix`: of a model's call.
  std::string item_name(const std::string& layer, int64_t call, const std::string& suffix = "") {
    std::string& name = names_[concat(scope_.place, layer, "\n", call, suffix)];
    if (name.empty()) name = items_.unique_name(keras::item_name(scope_.prefix, layer, call) + suffix);
    return name;
  }

  static constexpr int64_t most_calls = 20000;

  KerasItems& items_;
  Scope scope_;
  std::map<std::string, std::string> names_;  // of items, by the calls that they are
  int64_t calls_ = 0;
};

}  // namespace

void add_model(const Json& model, KerasItems& items) { KerasGraph(items).add_model(model); }

}  // namespace dl::keras
