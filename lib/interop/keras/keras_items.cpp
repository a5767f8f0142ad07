// Items as they are added, one behind the other.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_items.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/spec/yaml.h"

namespace dl::keras {

void KerasItems::add_item(const std::string& yaml, const std::string& name, const std::vector<std::string>& from,
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

void KerasItems::add_tensor(const std::string& item, const std::string& path, Variable variable) {
  std::string open = variable.theirs;
  while (!open.empty()) {
    const size_t blank = std::min(open.find(' '), open.size());
    std::string one = open.substr(0, blank);
    if (one.find('/') == std::string::npos) one = "vars/" + one;
    std::string whole = path + one;
    std::ranges::replace(whole, '/', '.');
    variable.as.from.push_back(whole);
    open.erase(0, blank + 1);
  }
  tensors[concat(item, ".", variable.ours)] = std::move(variable.as);
}

std::string KerasItems::add_input(const std::string& name, const std::string& own, const Json& shape,
                                  const std::string& dtype) {
  ImportedInput input{.name = inputs.empty() ? "x" : own};
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

void KerasItems::note_left_out(const Json& config, const std::string& layer) {
  static const std::set<std::string> others = {"dropout", "recurrent_dropout", "noise_shape"};
  const bool is_recurrent = config.contains("recurrent_initializer");
  for (const auto& [key, value] : config.items()) {
    const bool is_said = !value.is_null() && !(value.is_number() && value == 0);
    const bool is_known = key == "noise_shape" || (is_recurrent && others.contains(key)) ||
                          key.ends_with("_regularizer") || key.ends_with("_constraint");
    if (is_said && is_known) left_out[key].push_back(layer);
  }
}

void KerasItems::finish(const std::string& output) {
  if (!output.empty() && output != last_item_) add_item("identity", "output", {output}, "");
}

}  // namespace dl::keras
