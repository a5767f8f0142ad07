// Items as they are added, one behind the other.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_items.h"

#include <algorithm>
#include <iterator>

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
    input.sizes.push_back(shape[i].is_number() ? whole_of(shape[i]) : 128);
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

void KerasItems::add_activity(const std::string& item, double l1, double l2) {
  if (l1 > 0 || l2 > 0) activities.push_back({.item = item, .l1 = l1, .l2 = l2});
}

std::string KerasItems::unique_name(const std::string& wanted) {
  std::string name = wanted;
  for (int again = 2; !used_names_.insert(name).second; ++again) name = concat(wanted, "_", again);
  return name;
}

void KerasItems::finish(const std::string& output) {
  if (!output.empty() && output != last_item_) add_item("identity", unique_name("output"), {output}, "");
}

std::string KerasItems::as_item(const std::string& output) {
  if (std::ranges::count(inputs, output, &ImportedInput::name) == 0) return output;
  const std::string name = unique_name("output");
  add_item("identity", name, {output}, "");
  return name;
}

const Node* KerasItems::item_of(const std::string& output) const {
  const auto gives = [&](const Node& item) { return item.find("name")->text == output; };
  const auto found =
      outputs.size() < 2 ? items.items.end() - (items.items.empty() ? 0 : 1) : std::ranges::find_if(items.items, gives);
  return found == items.items.end() ? nullptr : &*found;
}

std::string KerasItems::end_of(const std::string& output) const {
  const Node* item = item_of(output);
  if (!item || !item->entries[0].value.is_null()) return "";
  const std::string& name = item->find("name")->text;
  for (const Node& other : items.items) {
    const Node* from = other.find("from");
    const bool reads_before = !from && &other == item + 1 && item != &items.items.back();
    const bool reads_named = from && (from->text == name || std::ranges::count(from->items, name, &Node::text) > 0);
    if (reads_before || reads_named) return "";
  }
  return item->entries[0].key;
}

std::string KerasItems::replace_end(const std::string& output, const std::string& layer) {
  const Node* item = item_of(output);
  if (!item) return output;
  const auto there = items.items.begin() + (item - items.items.data());
  // What stands before it gives the output without it, where it is what that reads.
  if (layer.empty() && there != items.items.begin() && !there->find("from")) {
    const std::string before = std::prev(there)->find("name")->text;
    if (std::ranges::count(outputs, before) == 0) {
      items.items.erase(there);
      return before;
    }
  }
  Node other = Node::map();
  other.set(layer.empty() ? "identity" : layer, Node::null());
  for (const char* key : {"name", "from"})
    if (const Node* kept = there->find(key)) other.set(key, *kept);
  *there = std::move(other);
  return output;
}

}  // namespace dl::keras
