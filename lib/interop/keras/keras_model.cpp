// A model's graph of layers made a list of items; what it was compiled with.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_model.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/data/file/zip.h"
#include "lib/interop/imported_data.h"
#include "lib/interop/keras/keras_layers.h"
#include "lib/interop/keras/keras_names.h"
#include "lib/interop/weights/stored_tensor.h"
#include "lib/spec/yaml.h"

namespace dl::keras {
namespace {

namespace fs = std::filesystem;

// Whether it is an operation on tensors, as x * 2 and keras.ops are: not the layer of that name.
bool is_operation(const Json& layer) {
  const Json module = layer.value("module", Json());
  const std::string name = module.is_string() ? module.get<std::string>() : "";
  return name.starts_with("keras.src.ops") || name.starts_with("keras.ops");
}

// What layers call a tensor that they are given.
constexpr std::array input_keywords{"query", "value", "key", "inputs", "x", "sequence", "sequences"};

// The items of a config's `model:` and the tensors' places, out of a model's config.
class KerasItems {
 public:
  explicit KerasItems(const GivenSizes& given) : sizes_(given) {}

  void add_model(const Json& model, const std::string& path) {
    const Json& config = model.at("config");
    const std::string kind = model.value("class_name", "");
    if (kind != "Sequential" && kind != "Functional") {
      problems.push_back(
          concat("a model of the class '", kind, "': only Sequential and Functional ones say their layers"));
      return;
    }
    scope_.paths = paths_of(config.at("layers"), path);
    std::string last;
    if (kind == "Sequential") {
      for (const Json& layer : config.at("layers")) last = add_call(layer, {last}, false);
      return finish(last);
    }
    add_calls(config);
    outputs = outputs_of_scope(config);
    if (outputs.size() == 1) finish(outputs[0]);
  }

  Node items = Node::list();
  std::map<std::string, FamilyTensor> tensors;
  std::vector<ImportedInput> inputs;
  std::vector<std::string> outputs;  // items; of one output the last item
  std::vector<std::string> problems;
  std::string help;                                          // of the problems
  std::set<std::string> named_inputs;                        // as Keras names them
  std::string last_layer;                                    // YAML of the last item
  std::vector<std::string> trained, frozen;                  // items with variables
  std::map<std::string, std::vector<std::string>> left_out;  // settings of training, and the layers that have them

 private:
  using Call = std::pair<std::string, int64_t>;  // a layer, and which of its calls

  // What the names of a model's layers stand for; a model in it has its own.
  struct Scope {
    std::string prefix;                        // of the items' names
    std::string suffix;                        // … where the model is called again, with the first call's weights
    std::map<std::string, std::string> paths;  // of the layers' variables
    std::map<Call, std::string> item_of;
    std::map<std::string, std::string> given;  // items that its inputs are; none: they are the data's
  };

  // A tensor is [layer, call, which of its outputs]. `named` is one, or a list or a map of these.
  static bool is_tensor(const Json& named) {
    return named.is_array() && named.size() >= 2 && named[0].is_string() && named[1].is_number();
  }
  static std::vector<Json> tensors_named(const Json& named) {
    if (is_tensor(named)) return {named};
    std::vector<Json> tensors;
    if (named.is_array() || named.is_object())
      for (const Json& inner : named)
        for (Json& tensor : tensors_named(inner)) tensors.push_back(std::move(tensor));
    return tensors;
  }
  static Call call_of(const Json& tensor) { return {tensor.at(0).get<std::string>(), tensor.at(1).get<int64_t>()}; }
  static std::vector<Call> calls_named(const Json& named) {
    std::vector<Call> calls;
    for (const Json& tensor : tensors_named(named)) calls.push_back(call_of(tensor));
    return calls;
  }
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
      problems.push_back(
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
        problems.push_back(concat("'", name, "': a model with several outputs in a model has no counterpart"));
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
        problems.push_back(
            concat("what '", open[0].first->at("config").value("name", ""), "' reads is made by no layer"));
        return;
      }
    }
  }

  // What a call reads; false where some of it is not there yet.
  bool reads(const Json& layer, int64_t call, std::vector<std::string>& from, bool& causal) {
    const auto& nodes = layer.at("inbound_nodes");
    if (nodes.empty()) return true;
    const Json& node = nodes.at(static_cast<size_t>(call));
    std::vector<Json> tensors;
    Json keywords = Json::object();
    if (node.is_object()) {
      collect(node.at("args"), tensors);
      keywords = node.value("kwargs", Json::object());
    } else {  // of before Keras 3: [[layer, call, tensor, {}], …]
      for (const Json& one : node) {
        tensors.push_back(one);
        if (one.size() > 3 && one[3].is_object()) keywords.update(one[3]);
      }
    }
    for (const char* key : input_keywords)
      if (keywords.contains(key)) collect(keywords[key], tensors);
    for (const Json& tensor : tensors) {
      const auto found = scope_.item_of.find(call_of(tensor));
      if (found == scope_.item_of.end()) return false;
      from.push_back(found->second);
    }
    causal = keywords.value("use_causal_mask", false);
    note_call(layer, tensors, keywords);
    return true;
  }

  static void collect(const Json& value, std::vector<Json>& tensors) {
    if (value.is_object() && value.value("class_name", "") == "__keras_tensor__")
      tensors.push_back(value.at("config").at("keras_history"));
    else if (is_tensor(value))
      tensors.push_back(value);
    else if (value.is_array() || value.is_object())
      for (const Json& inner : value) collect(inner, tensors);
  }

  // What a call says besides what is read.
  void note_call(const Json& layer, const std::vector<Json>& tensors, const Json& keywords) {
    const std::string name = layer.at("config").value("name", "");
    for (const Json& tensor : tensors) expect_first(tensor, concat("'", name, "'"));
    for (const auto& [key, value] : keywords.items()) {
      std::vector<Json> given;
      collect(value, given);
      const bool is_read = std::ranges::any_of(input_keywords, [&](const char* read) { return key == read; });
      if (!given.empty() && !is_read)
        problems.push_back(concat("'", name, "' (", layer.value("class_name", ""), "): is called with '", key,
                                  "', which has no counterpart"));
      if (key == "training" && value.is_boolean())
        left_out[value.get<bool>() ? "training=True" : "training=False"].push_back(name);
    }
  }

  std::string item_name(const std::string& layer, int64_t call) {
    std::string name = scope_.prefix;
    for (const char c : layer) {
      const bool kept =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      name += kept ? c : '_';
    }
    if (name == "x" || name == "y") name += "_layer";
    if (name.empty() || !std::isalpha(static_cast<unsigned char>(name[0]))) name = "layer_" + name;
    if (call > 0) name += concat("_call", call);
    return name;
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
      problems.push_back(concat("'", layer_name, "': the layer ", is_own ? registered.get<std::string>() : kind,
                                " has no counterpart that is known"));
      return layer_name;
    }
    Json config = layer.at("config");
    if (causal) config["causal"] = true;
    if (const Json build = layer.value("build_config", Json::object()); build.contains("input_shape")) {
      const Json& shape = build["input_shape"];  // of several inputs a list of shapes
      config["rank"] = shape.is_array() && !shape.empty() && shape[0].is_array() ? shape[0].size() : shape.size();
    }
    if (inputs.empty()) add_input_of(layer);  // a Sequential without an InputLayer
    std::erase(from, "");
    const Settings settings(config, concat("'", layer_name, "' (", kind, ")"), problems);
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
      add_item(made.layers[i], own, i == 0 ? from : std::vector<std::string>{},
               i == 0 && is_again ? item_name(layer_name, 0) : "");
      last = own;
    }
    if (is_again) return last;
    for (Variable& variable : made.variables) add_tensor(name, layer_name, variable);
    const bool is_frozen = made.is_fixed || layer.at("config").value("trainable", Json(true)) == Json(false);
    if (!made.variables.empty()) (is_frozen ? frozen : trained).push_back(name);
    note_left_out(config, layer_name);
    if (config.contains("layer") && config["layer"].is_object())
      note_left_out(config["layer"].value("config", Json::object()), layer_name);
    return last;
  }

  // One of several tensors, or of one and a number.
  Made operation(const Json& layer, int64_t call, size_t tensors, const Settings& s) {
    static const std::map<std::string, std::pair<const char*, const char*>> of_two = {{"Add", {"add", " + "}},
                                                                                      {"Subtract", {"sub", " - "}},
                                                                                      {"Multiply", {"mul", " * "}},
                                                                                      {"Divide", {"div", " / "}},
                                                                                      {"TrueDivide", {"div", " / "}}};
    static const std::map<std::string, const char*> of_one = {{"Absolute", "expression: abs(x)"},
                                                              {"Exp", "exponential"},
                                                              {"Log", "expression: log(x)"},
                                                              {"Negative", "expression: 0 - x"},
                                                              {"Relu", "relu"},
                                                              {"Sigmoid", "sigmoid"},
                                                              {"Silu", "silu"},
                                                              {"Softplus", "softplus"},
                                                              {"Sqrt", "expression: sqrt(x)"},
                                                              {"Square", "expression: x * x"},
                                                              {"Tanh", "tanh"}};
    const std::string kind = layer.value("class_name", "");
    const Json& nodes = layer.at("inbound_nodes");
    const Json args = nodes.empty() ? Json::array() : nodes.at(static_cast<size_t>(call)).value("args", Json::array());
    if (const auto two = of_two.find(kind); two != of_two.end() && args.size() == 2) {
      if (tensors == 2) return {.layers = {two->second.first}, .is_merge = true};
      const auto text_of = [](const Json& arg) {
        return arg.is_number() ? "(" + number_text(arg.get<double>()) + ")" : std::string("x");
      };
      if (args[0].is_number() != args[1].is_number() && tensors == 1)
        return {.layers = {concat("expression: \"", text_of(args[0]), two->second.second, text_of(args[1]), "\"")}};
    }
    if (const auto one = of_one.find(kind); one != of_one.end() && args.size() == 1 && tensors == 1)
      return {.layers = {one->second}};
    const Json* sizes = s.find("newshape");
    if (kind == "Reshape" && tensors == 1 && sizes && sizes->is_array() && sizes->size() > 1 &&
        ((*sizes)[0] == -1 || (*sizes)[0].is_null()))
      return {.layers = {concat("reshape: ", Json(std::vector<Json>(sizes->begin() + 1, sizes->end())).dump())}};
    if (s.find("axis") && ((kind == "Concatenate" && tensors > 1) || (kind == "Softmax" && tensors == 1)))
      return layers().at(kind)(s);
    s.refuse("the operation has no counterpart that is known");
    return {};
  }

  void note_left_out(const Json& config, const std::string& layer) {
    static const std::set<std::string> others = {"dropout", "recurrent_dropout", "noise_shape"};
    const bool is_recurrent = config.contains("recurrent_initializer");
    for (const auto& [key, value] : config.items()) {
      const bool is_said = !value.is_null() && !(value.is_number() && value == 0);
      const bool is_known = key == "noise_shape" || (is_recurrent && others.contains(key)) ||
                            key.ends_with("_regularizer") || key.ends_with("_constraint");
      if (is_said && is_known) left_out[key].push_back(layer);
    }
  }

  void add_tensor(const std::string& item, const std::string& layer, Variable& variable) {
    std::string path = variable.theirs;
    while (!path.empty()) {
      const size_t blank = std::min(path.find(' '), path.size());
      std::string one = path.substr(0, blank);
      if (one.find('/') == std::string::npos) one = "vars/" + one;
      std::string whole = scope_.paths[layer] + one;
      std::ranges::replace(whole, '/', '.');
      variable.as.from.push_back(whole);
      path.erase(0, blank + 1);
    }
    tensors[concat(item, ".", variable.ours)] = variable.as;
  }

  void add_item(const std::string& yaml, const std::string& name, const std::vector<std::string>& from,
                const std::string& shared) {
    // Floats are made whole numbers there.
    if (yaml.starts_with("embedding:"))
      for (ImportedInput& input : inputs) input.whole |= input.name == (from.empty() ? last_item_ : from[0]);
    Node item = parse_yaml(yaml, "Keras");
    if (!item.is_map()) {
      Node map = Node::map();
      map.set(item.text, Node::null());
      item = map;
    }
    item.set("name", Node::string(name));
    if (from.size() == 1 && from[0] != last_item_) item.set("from", Node::string(from[0]));
    if (from.size() > 1) {
      Node list = Node::list();
      for (const std::string& one : from) list.items.push_back(Node::string(one));
      item.set("from", list);
    }
    if (!shared.empty()) item.set("share", Node::string(shared));
    items.items.push_back(std::move(item));
    last_item_ = name;
    last_layer = yaml;
  }

  std::string add_input(const Json& layer) {
    const Json& config = layer.at("config");
    const Json shape = config.value("batch_shape", config.value("batch_input_shape", Json::array()));
    return add_input_of_shape(config.value("name", ""), shape, config.value("dtype", "float32"));
  }
  void add_input_of(const Json& layer) {
    const Json build = layer.value("build_config", Json::object());
    add_input_of_shape("x", layer.at("config").value("batch_input_shape", build.value("input_shape", Json::array())),
                       "float32");
  }
  std::string add_input_of_shape(const std::string& name, const Json& shape, const std::string& dtype) {
    ImportedInput input{.name = inputs.empty() ? "x" : item_name(name, 0)};
    std::vector<std::string> sizes;
    bool is_open = false;
    for (size_t i = 1; i < shape.size(); ++i) {
      is_open |= !shape[i].is_number();
      input.sizes.push_back(shape[i].is_number() ? shape[i].get<int64_t>() : 128);
      sizes.push_back(shape[i].is_number() ? shape[i].dump() : "?");
    }
    if (const auto given = sizes_.find(name); given != sizes_.end()) {
      if (shape.size() > 1 && given->second.size() + 1 != shape.size())
        problems.push_back(concat("the input '", name, "' is ", join(sizes, "x"), ", --shape gives ",
                                  count_of(std::ssize(given->second), "size")));
      input.sizes = given->second;
    } else if (is_open) {
      std::vector<std::string> example;
      for (const int64_t n : input.sizes) example.push_back(std::to_string(n));
      problems.push_back(concat("the model leaves sizes of its input '", name, "' open: ", join(sizes, "x")));
      if (help.empty()) help = concat("write them without the batch: --shape ", name, "=", join(example, "x"));
    }
    named_inputs.insert(name);
    input.whole = dtype.starts_with("int") || dtype.starts_with("uint");
    inputs.push_back(input);
    if (inputs.size() == 1) last_item_ = "x";
    return input.name;
  }

  // The model ends with what it gives.
  void finish(const std::string& output) {
    if (!output.empty() && output != last_item_) add_item("identity", "output", {output}, "");
  }

  const GivenSizes& sizes_;
  Scope scope_;
  std::string last_item_;
};

// The config's parts beside the model: what it was compiled with.
void add_compiled(const Json& compiled, KerasItems& items, Node& config, Node& trainer,
                  std::vector<std::string>& left_out) {
  const auto name_of = [](const Json& value) {
    std::string name = value.is_string()   ? value.get<std::string>()
                       : value.is_object() ? value.value("class_name", "")
                                           : "";
    return snake_case(name);
  };
  Json given_loss = compiled.value("loss", Json());
  // Of one output also [mse] and {output: mse}.
  if (items.outputs.size() < 2 && given_loss.size() == 1 &&
      (given_loss.is_array() || (given_loss.is_object() && !given_loss.contains("class_name"))))
    given_loss = Json(*given_loss.begin());
  const std::string loss = items.outputs.size() < 2 ? name_of(given_loss) : "";
  const bool ends_in_softmax = items.last_layer == "softmax", ends_in_sigmoid = items.last_layer == "sigmoid";
  // Our losses of classes take what stands before a softmax; predictions are behind it all the same.
  const auto drop_last = [&] { items.items.items.pop_back(); };
  const Json of_loss = given_loss.is_object() ? given_loss.value("config", Json::object()) : Json::object();
  const bool of_logits = of_loss.is_object() && of_loss.value("from_logits", false);
  if (items.outputs.size() > 1 && !given_loss.is_null())
    left_out.push_back("its losses of each output: mse is in their place");
  if ((loss.ends_with("categorical_crossentropy") && !ends_in_softmax && !of_logits) ||
      (loss == "binary_crossentropy" && !ends_in_sigmoid && !ends_in_softmax && !of_logits))
    left_out.push_back(concat("that its loss '", loss, "' takes probabilities: the loss here takes what stands before ",
                              loss == "binary_crossentropy" ? "a sigmoid" : "a softmax", ", which is to be its end"));
  if (loss == "binary_crossentropy" && ends_in_softmax)
    left_out.push_back("its loss 'binary_crossentropy' behind a softmax: cross_entropy is in its place");
  if (items.outputs.size() > 1) {  // each by its error, whatever it is
    Node losses = Node::map();
    for (const std::string& output : items.outputs) {
      Node mse = Node::map(), one = Node::map();
      mse.set("output", Node::string(output));
      mse.set("target", Node::string("y_" + output));
      one.set("mse", std::move(mse));
      losses.set(output, std::move(one));
    }
    config.set("losses", std::move(losses));
  } else if (loss.ends_with("categorical_crossentropy") ||
             ((loss.empty() || loss == "binary_crossentropy") && ends_in_softmax)) {
    if (ends_in_softmax) drop_last();
    config.set("loss", Node::string("cross_entropy"));
    config.set("metrics", Node::list({Node::string("accuracy")}));
  } else if (loss == "binary_crossentropy" || (loss.empty() && ends_in_sigmoid)) {
    if (ends_in_sigmoid) drop_last();
    config.set("loss", Node::string("bce_with_logits"));
  } else {
    static const std::map<std::string, std::string> losses = {{"mean_absolute_error", "l1"},
                                                              {"mae", "l1"},
                                                              {"huber", "huber"},
                                                              {"log_cosh", "log_cosh"},
                                                              {"mean_absolute_percentage_error", "mape"},
                                                              {"mean_squared_logarithmic_error", "msle"}};
    const auto found = losses.find(loss);
    config.set("loss", Node::string(found == losses.end() ? "mse" : found->second));
    if (found == losses.end() && !loss.empty() && loss != "mse" && loss != "mean_squared_error")
      left_out.push_back(concat("its loss '", loss, "': mse is in its place"));
  }
  for (const auto& [key, usual] :
       {std::pair<const char*, Json>("label_smoothing", 0), {"delta", 1}, {"ignore_class", nullptr}})
    if (of_loss.is_object() && of_loss.contains(key) && of_loss[key] != usual)
      left_out.push_back(concat("its loss's '", key, ": ", of_loss[key].dump(), "'"));
  Node optimizer = Node::map();
  const Json& given = compiled.contains("optimizer") ? compiled["optimizer"] : Json();
  std::string kind = given.is_null() ? "adam" : name_of(given);
  std::erase(kind, '_');  // "adam_w", "rm_sprop"
  const Json keys = given.is_object() ? given.value("config", Json::object()) : Json::object();
  Node own = Node::map();
  const bool has_rate = keys.contains("learning_rate") && keys["learning_rate"].is_number();
  own.set("lr", Node::number(has_rate ? keys["learning_rate"].get<double>() : 1e-3));
  if (keys.contains("learning_rate") && !has_rate) left_out.push_back("the schedule of its learning rate");
  static const std::set<std::string> adams = {"adam", "adamw", "nadam", "adamax"};
  const auto number = [&](const char* key, double otherwise) {
    return keys.contains(key) && keys[key].is_number() ? keys[key].get<double>() : otherwise;
  };
  if (adams.contains(kind) && keys.contains("beta_1")) {
    own.set("betas", Node::list({Node::number(number("beta_1", 0.9)), Node::number(number("beta_2", 0.999))}));
    own.set("eps", Node::number(number("epsilon", 1e-7)));
  }
  if ((kind == "adam" || kind == "adamw") && keys.value("amsgrad", false)) own.set("amsgrad", Node::boolean(true));
  if (kind == "sgd" && number("momentum", 0) != 0) {
    own.set("momentum", Node::number(number("momentum", 0)));
    own.set("nesterov", Node::boolean(keys.value("nesterov", false)));
  }
  if (kind == "rmsprop" && keys.contains("rho")) {
    own.set("alpha", Node::number(number("rho", 0.9)));
    own.set("momentum", Node::number(number("momentum", 0)));
    own.set("eps", Node::number(number("epsilon", 1e-7)));
    own.set("centered", Node::boolean(keys.value("centered", false)));
  }
  if (kind == "adagrad" && keys.contains("epsilon")) own.set("eps", Node::number(number("epsilon", 1e-7)));
  if (kind == "adamw" && number("weight_decay", 0) != 0)
    own.set("weight_decay", Node::number(number("weight_decay", 0)));
  const bool is_known = adams.contains(kind) || kind == "sgd" || kind == "rmsprop" || kind == "adagrad";
  if (!is_known) left_out.push_back(concat("its optimizer '", kind, "': adam is in its place"));
  optimizer.set(is_known ? kind : "adam", std::move(own));
  config.set("optimizer", std::move(optimizer));
  if (number("global_clipnorm", 0) > 0) {
    trainer.set("gradient_clip_val", Node::number(number("global_clipnorm", 0)));
  } else if (number("clipvalue", 0) > 0) {
    trainer.set("gradient_clip_val", Node::number(number("clipvalue", 0)));
    trainer.set("gradient_clip_algorithm", Node::string("value"));
  }
  for (const char* key :
       {"weight_decay", "clipnorm", "use_ema", "gradient_accumulation_steps", "initial_accumulator_value"}) {
    const bool is_said = keys.contains(key) && !keys[key].is_null() && keys[key] != Json(false) && keys[key] != Json(0);
    if (is_said && !(kind == "adamw" && std::string(key) == "weight_decay"))
      left_out.push_back(concat("its optimizer's '", key, ": ", keys[key].dump(), "'"));
  }
}

std::string config_of(const fs::path& file) {
  const auto opened = std::make_shared<const InputFile>(file);
  for (const ZipMember& member : read_zip(*opened))
    if (member.name == "config.json") {
      const StoredBytes::Pointer bytes = StoredBytes::in_zip(opened, member);
      if (bytes->size() > (64 << 20)) return "";
      std::string text(bytes->size(), '\0');
      if (bytes->is_deflated())
        std::memcpy(text.data(), bytes->inflated().get(), text.size());
      else
        bytes->read(0, text.data(), text.size());
      return text;
    }
  return "";
}

}  // namespace

bool is_model(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return false;
  try {
    const std::string config = config_of(file);
    return config.find("\"class_name\"") != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

FamilyNetwork read_model(const fs::path& file, const GivenSizes& given) {
  KerasItems items(given);
  FamilyNetwork network;
  try {
    const Json model = Json::parse(config_of(file));
    items.add_model(model, "");
    network.architecture = concat("Keras ", model.value("class_name", ""));
    for (const auto& [name, sizes] : given)
      if (!items.named_inputs.contains(name)) {
        items.problems.push_back(concat("the model has no input '", name, "'"));
        items.help = concat("its inputs: ",
                            join(std::vector<std::string>(items.named_inputs.begin(), items.named_inputs.end())));
      }
    if (!items.problems.empty()) {
      Problem problem{.where = {.file = file.string()}, .what = items.problems[0], .help = items.help};
      problem.notes.assign(items.problems.begin() + 1, items.problems.end());
      throw Error(Exit::usage, problem);
    }
    if (items.items.items.empty() || items.inputs.empty())
      throw Error(Exit::usage,
                  Problem{.where = {.file = file.string()}, .what = "the model has no layers, or no input"});
    Node config = Node::map(), trainer = Node::map();
    trainer.set("max_epochs", Node::integer(1));
    const Json compiled = model.contains("compile_config") && model["compile_config"].is_object()
                              ? model["compile_config"]
                              : Json::object();
    add_compiled(compiled, items, config, trainer, network.left_out);
    for (const auto& [key, of_layers] : items.left_out)
      network.left_out.push_back(concat("'", key, "' of ", shortened(join(of_layers), 60)));
    if (!items.frozen.empty() && items.trained.empty()) network.left_out.push_back("that all its layers are frozen");
    if (!items.frozen.empty() && !items.trained.empty()) {
      Node names = Node::list();
      for (const std::string& name : items.frozen) names.items.push_back(Node::string(name));
      config.set("freeze", std::move(names));
    }
    Node ordered = Node::map();
    ordered.set("model", std::move(items.items));
    for (const std::string& key : config.keys()) ordered.set(key, *config.find(key));
    ordered.set("trainer", std::move(trainer));
    network.config = std::move(ordered);
    network.tensors = std::move(items.tensors);
    // Keras counts the samples that a Normalization has seen.
    network.ignore = {"optimizer.vars.*", "layers.normalization.vars.2", "layers.normalization_*.vars.2"};
    const auto gives = outputs_of(*network.config.find("model"), items.inputs, items.outputs);
    network.config.set("data", imported_data(items.inputs, config.find("loss"), gives));
  } catch (const Json::exception& error) {
    throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                    .what = concat("its config.json is no model of Keras's: ", error.what())});
  }
  return network;
}

}  // namespace dl::keras
