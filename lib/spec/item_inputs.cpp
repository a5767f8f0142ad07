// Names of items and inputs made indices.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/item_inputs.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/spec/blocks.h"

namespace dl {

namespace {

// What other programs call the input.
constexpr std::string_view words_for_x[] = {"input", "inputs", "Input",    "input_1", "data",
                                            "image", "images", "features", "X",       "in"};
constexpr const char* name_help = "give that item a name, as 'name: stem' beside its layer, and write the name here";

}  // namespace

ItemNames::ItemNames(const std::vector<std::string>& inputs, bool others_are_inputs)
    : others_are_inputs_(others_are_inputs) {
  for (const std::string& name : inputs)
    positions_.emplace(name, ModelItem::input - static_cast<int>(positions_.size()));
}

std::vector<std::string> ItemNames::named_in(const Node& value) const {
  std::vector<std::string> names;
  for (const Node& one : value.is_list() ? value.items : std::vector<Node>{value}) {
    if (!one.as_string() || !positions_.contains(*one.as_string())) return {};
    names.push_back(*one.as_string());
  }
  return names;
}

bool ItemNames::name_item(const Node& name, int index, const Reading& r) {
  const auto text = name.as_string();
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  const auto digit_or_dash = [](char c) { return (c >= '0' && c <= '9') || c == '-'; };
  // Paths of unnamed items are numbers, so that a name must not be one.
  if (!text || text->empty() || digit_or_dash((*text)[0]) || !std::ranges::all_of(*text, allowed)) {
    r.expected(name, "a name", "begin with a letter; use letters, digits, _ and -");
    return false;
  }
  const auto taken = positions_.find(*text);
  if (*text != block_input && taken == positions_.end()) {
    positions_[*text] = index;
    return true;
  }
  const bool by_item = *text != block_input && taken->second >= 0;
  r.problem(name.where,
            by_item ? "another item of this list is named '" + *text + "'"
                    : "'" + *text + "' names " + (*text == block_input ? "the" : "an") + " input already",
            "write another name");
  return false;
}

std::vector<int> ItemNames::inputs_of(const Node& item, const Where& where, int index,
                                      const std::vector<std::string>& others, const Reading& r) const {
  if (const Node* from = item.find("from"))
    return from->is_map() ? by_name(*from, index, others, r.key("from")) : listed(*from, index, r.key("from"));
  if (index == 0 && !positions_.contains(block_input))
    r.problem(where,
              "expected 'from': the data have " + count_of(int64_t(positions_.size()), "input") + ", none named x",
              "write 'from: " + positions_.begin()->first + "', or another of: " + join(known()) + names_help());
  return {index - 1};  // of the first ModelItem::input
}

// Of two inputs of which one is called as targets are elsewhere.
std::string ItemNames::names_help() const {
  static const std::vector<std::string> targets{"y", "Y", "label", "labels", "target", "targets", "classes"};
  const auto is_target = [&](const auto& named) { return std::ranges::count(targets, named.first) > 0; };
  return positions_.size() == 2 && std::ranges::count_if(positions_, is_target) == 1
             ? "; or call them x and y in the data, as layers and losses read them without being told"
             : "";
}

std::vector<std::string> ItemNames::known() const {
  std::vector<std::string> names;  // inputs first
  for (const bool is_input : {true, false})
    for (const auto& [name, position] : positions_)
      if ((position < 0) == is_input) names.push_back(name);
  return names;
}

std::vector<int> ItemNames::listed(const Node& from, int index, const Reading& r) const {
  const std::vector<Node> given = from.is_list() ? from.items : std::vector<Node>{from};
  if (given.empty()) r.expected(from, "the names of one input or more");
  std::vector<int> out;
  for (const Node& input : given) {
    const auto text = input.as_string();
    if (!text) {
      r.expected(input, "the name of an item before this one, or x", name_help);
    } else if (const auto found = positions_.find(*text); found != positions_.end()) {
      out.push_back(found->second);
    } else if (others_are_inputs_) {
      out.push_back(ModelItem::input);
    } else {
      const std::string whole = text->substr(0, text->find('.'));  // of an item within a block
      const std::string last = text->substr(text->rfind('.') + 1);
      const bool of_data = std::ranges::count(words_for_x, *text) > 0 && positions_.contains(block_input);
      r.problem(input.where, "unknown input '" + *text + "'",
                whole != *text && positions_.contains(whole)
                    ? "write '" + whole + "': of a block only what it ends with is read from outside"
                : of_data ? "write 'x', the input"
                : positions_.contains(last)
                    ? "write '" + last + "'"
                    : spelling_help(*text, known(), "give an earlier item 'name: " + whole + "'"),
                {"names before this item: " + join(known())});
    }
  }
  return out.empty() || out.size() < given.size() ? std::vector<int>{index - 1} : out;
}

std::vector<int> ItemNames::by_name(const Node& from, int index, const std::vector<std::string>& others,
                                    const Reading& r) const {
  std::vector<int> out{index - 1};
  if (others.empty()) {
    r.expected(from, "the name of an item before this one, or a list of them",
               "inputs by name are for blocks that have 'inputs: […]'");
    return out;
  }
  std::vector<std::string> known{block_input};
  known.insert(known.end(), others.begin(), others.end());
  std::map<std::string, const Node*> given;
  for (const Node::Entry& entry : from.entries)
    given[std::ranges::count(known, entry.key) > 0 ? entry.key : r.unknown_key(entry, known)] = &entry.value;
  for (const std::string& name : known) {
    const Node* input = given[name];
    if (!input) continue;
    if (!input->is_scalar()) {
      r.key(name).expected(*input, "the name of an item before this one, or x", name_help);
      continue;
    }
    const int position = listed(*input, index, r.key(name))[0];
    if (name == block_input)
      out[0] = position;
    else
      out.push_back(position);
  }
  return out;
}

}  // namespace dl
