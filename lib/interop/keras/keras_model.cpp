// A model's graph of layers made a list of items; what it was compiled with.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_model.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <functional>
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

// The items of a config's `model:` and the tensors' places, out of a model's config.
class KerasItems {
 public:
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
  std::string last_layer;                                    // YAML of the last item
  std::vector<std::string> trained, frozen;                  // items with variables
  std::map<std::string, std::vector<std::string>> left_out;  // settings of training, and the layers that have them

 private:
  using Call = std::pair<std::string, int64_t>;  // a layer, and which of its calls

  // What the names of a model's layers stand for; a model in it has its own.
  struct Scope {
    std::string prefix;                        // of the items' names
    std::map<std::string, std::string> paths;  // of the layers' variables
    std::map<Call, std::string> item_of;
    std::map<std::string, std::string> given;  // items that its inputs are; none: they are the data's
  };

  // [layer, call, tensor], or a list of these.
  static std::vector<Call> calls_named(const Json& named) {
    std::vector<Call> calls;
    const bool is_one = !named.empty() && named[0].is_string();
    for (const Json& one : is_one ? Json::array({named}) : named)
      calls.emplace_back(one.at(0).get<std::string>(), one.at(1).get<int64_t>());
    return calls;
  }
  std::vector<std::string> outputs_of_scope(const Json& config) {
    std::vector<std::string> items_of_outputs;
    for (const Call& call : calls_named(config.at("output_layers"))) items_of_outputs.push_back(scope_.item_of[call]);
    return items_of_outputs;
  }

  // The layers of a model that is called as a layer, in the place of that.
  std::string add_nested(const Json& layer, const std::vector<std::string>& from, int64_t call) {
    const Json& config = layer.at("config");
    const std::string name = config.value("name", "");
    if (call > 0) problems.push_back(concat("'", name, "': a model that is called more than once has no counterpart"));
    Scope outer =
        std::exchange(scope_, Scope{.prefix = item_name(name, 0) + "_", .paths = {}, .item_of = {}, .given = {}});
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
    if (const Json inputs_there = config.value("input_layers", Json::array()); inputs_there.is_array())
      for (const Call& input : calls_named(inputs_there))
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
        if (!reads(*layer, call, from, causal)) {
          ++i;
          continue;
        }
        const std::string item = add_call(*layer, from, causal, call);
        scope_.item_of[{layer->at("config").value("name", ""), call}] = item;
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
    std::vector<Call> calls;
    const std::function<void(const Json&)> collect = [&](const Json& value) {
      if (value.is_object() && value.value("class_name", "") == "__keras_tensor__") {
        const Json& history = value.at("config").at("keras_history");
        calls.emplace_back(history.at(0).get<std::string>(), history.at(1).get<int64_t>());
      } else if (value.is_array() || value.is_object()) {
        for (const Json& inner : value) collect(inner);
      }
    };
    if (node.is_object()) {
      collect(node.at("args"));
      const Json& keywords = node.value("kwargs", Json::object());
      for (const char* key : {"query", "value", "key"})
        if (keywords.contains(key)) collect(keywords[key]);
      causal = keywords.value("use_causal_mask", false);
    } else {  // of before Keras 3: [[layer, call, tensor, {}], …]
      for (const Json& one : node) calls.emplace_back(one.at(0).get<std::string>(), one.at(1).get<int64_t>());
    }
    for (const Call& one : calls) {
      const auto found = scope_.item_of.find(one);
      if (found == scope_.item_of.end()) return false;
      from.push_back(found->second);
    }
    return true;
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
    if (make == layers().end()) {
      problems.push_back(concat("'", layer_name, "': the layer ", kind, " has no counterpart that is known"));
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
    Made made = make->second(Settings(config, concat("'", layer_name, "' (", kind, ")"), problems));
    // Attention that looks at what it reads is one input.
    const bool attends = kind == "MultiHeadAttention" || kind == "GroupQueryAttention";
    if (attends && std::ranges::all_of(from, [&](const std::string& f) { return f == from[0]; })) from.resize(1);
    if (attends && from.size() == 3) std::swap(from[1], from[2]);  // (query, value, key) there
    const std::string name = item_name(layer_name, call);
    std::string last;
    for (size_t i = 0; i < made.layers.size(); ++i) {
      const std::string own = i == 0 ? name : concat(name, "_", i == 1 ? "activation" : std::to_string(i));
      add_item(made.layers[i], own, i == 0 ? from : std::vector<std::string>{},
               i == 0 && call > 0 ? item_name(layer_name, 0) : "");
      last = own;
    }
    if (call > 0) return last;
    for (Variable& variable : made.variables) add_tensor(name, layer_name, variable);
    const bool is_frozen = layer.at("config").value("trainable", Json(true)) == Json(false);
    if (!made.variables.empty()) (is_frozen ? frozen : trained).push_back(name);
    note_left_out(config, layer_name);
    if (config.contains("layer") && config["layer"].is_object())
      note_left_out(config["layer"].value("config", Json::object()), layer_name);
    return last;
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
    for (size_t i = 1; i < shape.size(); ++i) {
      if (!shape[i].is_number())
        problems.push_back(concat("the input '", name, "' has an axis of no size: give it one"));
      input.sizes.push_back(shape[i].is_number() ? shape[i].get<int64_t>() : 1);
    }
    input.whole = dtype.starts_with("int") || dtype.starts_with("uint");
    inputs.push_back(input);
    if (inputs.size() == 1) last_item_ = "x";
    return input.name;
  }

  // The model ends with what it gives.
  void finish(const std::string& output) {
    if (!output.empty() && output != last_item_) add_item("identity", "output", {output}, "");
  }

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
  const std::string loss = compiled.contains("loss") && items.outputs.size() < 2 ? name_of(compiled["loss"]) : "";
  const bool ends_in_softmax = items.last_layer == "softmax", ends_in_sigmoid = items.last_layer == "sigmoid";
  // Our losses of classes take what stands before a softmax; predictions are behind it all the same.
  const auto drop_last = [&] { items.items.items.pop_back(); };
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
  } else if (loss.ends_with("categorical_crossentropy") || (loss.empty() && ends_in_softmax)) {
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
  if (compiled.contains("loss") && compiled["loss"].is_object() && compiled["loss"].contains("config")) {
    const Json& of_loss = compiled["loss"]["config"];
    for (const auto& [key, usual] :
         {std::pair<const char*, Json>("label_smoothing", 0), {"delta", 1}, {"ignore_class", nullptr}})
      if (of_loss.is_object() && of_loss.contains(key) && of_loss[key] != usual)
        left_out.push_back(concat("its loss's '", key, ": ", of_loss[key].dump(), "'"));
  }
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

FamilyNetwork read_model(const fs::path& file) {
  KerasItems items;
  FamilyNetwork network;
  try {
    const Json model = Json::parse(config_of(file));
    items.add_model(model, "");
    network.architecture = concat("Keras ", model.value("class_name", ""));
    if (!items.problems.empty()) {
      Problem problem{.where = {.file = file.string()}, .what = items.problems[0]};
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
    network.ignore = {"optimizer.vars.*"};
    const auto given = outputs_of(*network.config.find("model"), items.inputs, items.outputs);
    network.config.set("data", imported_data(items.inputs, config.find("loss"), given));
  } catch (const Json::exception& error) {
    throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                    .what = concat("its config.json is no model of Keras's: ", error.what())});
  }
  return network;
}

}  // namespace dl::keras
