// Layers and blocks by what an item writes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/item_type.h"

#include <algorithm>
#include <map>

#include "lib/base/text.h"
#include "lib/spec/blocks.h"
#include "lib/spec/registry.h"
#include "lib/spec/rewritten.h"
#include "lib/spec/write.h"

namespace dl {
namespace {

const AnyRegistry* layers() {
  for (const AnyRegistry* registry : AnyRegistry::all())
    if (registry->kind() == "layer") return registry;
  return nullptr;
}

// What another program's key beside a layer is here; empty where it is none.
std::string meant_beside(const std::string& key) {
  static const std::map<std::string, std::string> others{
      {"input", "from"},  {"inputs", "from"},  {"inbound", "from"},  {"inbound_nodes", "from"},
      {"source", "from"}, {"reads", "from"},   {"id", "name"},       {"as", "name"},
      {"output", "name"}, {"times", "repeat"}, {"copies", "repeat"}, {"num_layers", "repeat"}};
  const auto found = others.find(key);
  return found == others.end() ? "" : found->second;
}

// What is said of a key that a layer does not have; empty where nothing is, or the layer is none.
std::string advice_of(const std::string& layer, const std::string& key) {
  if (!layers() || !layers()->has(layer)) return "";
  const auto object = layers()->make(layer);
  return layers()->advice_on_key(schema_of(*object), key);
}

}  // namespace

bool is_layer(const std::string& name) { return layers() && layers()->has(name); }

bool is_value_of(const std::string& layer, const Node& value) {
  if (!is_layer(layer)) return false;
  const auto object = layers()->make(layer);
  const Schema schema = schema_of(*object);
  std::vector<Problem> problems;
  return schema.positional() && schema.positional()->read(value, Reading(problems));
}

Node ItemType::written() const {
  Node out = Node::string(name);
  if (entry) {
    out = Node::map();
    out.entries.push_back(*entry);
  }
  out.where = where;
  return out;
}

void check_layer(const ItemType& type, const Reading& r) {
  if (layers()) check_registered(*layers(), type.written(), r);
}

bool stands_beside_a_layer(const std::string& key) { return std::ranges::count(item_keys, key) > 0; }

bool ItemTypes::is_block(const std::string& name) const { return std::ranges::count(blocks_, name) > 0; }

std::string ItemTypes::meant(const std::string& name) const {
  return is_block(name) || !layers() ? name : layers()->meant(name).name;
}

ItemType ItemTypes::of(const Node& item, const Reading& r) const {
  if (const auto name = item.as_string()) return {*name, nullptr, item.where};
  ItemType out;
  std::vector<std::string> types;
  for (const Node::Entry& entry : item.entries) {
    if (stands_beside_a_layer(entry.key)) continue;
    types.push_back(entry.key);
    out = {entry.key, &entry, entry.key_where};
  }
  if (types.size() == 1 && types[0] == "layers" && out.entry->value.is_list()) {
    report_several(item, types, r);
    return {};
  }
  if (types.size() == 1) return has_layer_below(out, r) ? ItemType{} : out;
  if (types.empty())
    r.expected(item, "a layer or a block",
               item.is_list() ? "write each of the list as an item of its own; what belongs together is a block"
                              : "write 'NAME' or 'NAME: {…}', and beside it name, from, repeat, tie or share");
  else
    report_several(item, types, r);
  return {};
}

void ItemTypes::report_several(const Node& item, const std::vector<std::string>& types, const Reading& r) const {
  const auto is_type = [&](const std::string& name) { return !meant(name).empty(); };
  if (const Node* named = named_by_key(item); named && is_type(*named->as_string())) {
    const std::string name = meant(*named->as_string());
    Node keys = item;
    std::erase_if(keys.entries, [&](const Node::Entry& entry) {
      return entry.value.text == named->text || stands_beside_a_layer(entry.key);
    });
    r.expected(item, "a layer or a block",
               is_block(name) ? "write '" + name + ": {…}', the name first" : help_for(*layers(), name, keys));
  } else if (const Node* list = item.find("layers"); list && list->is_list()) {
    Node block = Node::map();
    block.set("layers", *list);
    r.problem(item.where, "expected a layer or a block by its name, got 'layers'",
              "write them below 'blocks', 'part: " + to_yaml_line(block) + "', and '- part:' here, in the place of it");
  } else if (const std::string ours = meant_beside(types[1]); is_type(types[0]) && types.size() == 2 && !ours.empty()) {
    r.problem(item.entry(types[1])->key_where, "unknown key " + Node::string(types[1]).described(),
              "write '" + ours + "'",
              {"known keys beside a layer: " + join(std::vector<std::string>(item_keys.begin(), item_keys.end()))});
  } else if (const std::string advice = advice_of(types[0], types[1]); !advice.empty()) {
    r.problem(item.entry(types[1])->key_where, "unknown key " + Node::string(types[1]).described(), advice,
              {"known keys beside a layer: " + join(std::vector<std::string>(item_keys.begin(), item_keys.end()))});
  } else if (is_type(types[0]) && std::none_of(types.begin() + 1, types.end(), is_type)) {
    r.problem(item.entry(types[1])->key_where, "'" + types[1] + "' stands beside '" + types[0] + "', not below it",
              "indent it further than '" + types[0] + "', or write '" + types[0] + ": {" + types[1] + ": …}'");
  } else {
    const auto as_item = [&](const std::string& type) {
      const Node& value = *item.find(type);
      return "'- " + type + (value.is_null() ? "" : ": " + shortened(to_yaml_line(value))) + "'";
    };
    r.problem(item.where, "expected one layer or block, got " + join(types),
              "write each as an item of its own: " + as_item(types[0]) + ", " + as_item(types[1]));
  }
}

// A layer that is written as if it were a key of another, or what belongs beside it.
bool ItemTypes::has_layer_below(const ItemType& type, const Reading& r) const {
  if (is_block(type.name) || !is_layer(type.name) || !type.entry->value.is_map()) return false;
  const auto object = layers()->make(type.name);
  const Schema schema = schema_of(*object);
  for (const Node::Entry& entry : type.entry->value.entries) {
    const bool beside = stands_beside_a_layer(entry.key);
    if (schema.field(entry.key) || !(beside || is_layer(entry.key) || is_block(entry.key))) continue;
    if (!beside && schema.meant(entry.key)) continue;  // {conv2d: {pad: 1}}, where 'pad' is a layer too
    r.problem(entry.key_where, "'" + entry.key + "' stands below '" + type.name + "', which takes no such key",
              beside ? "write it beside '" + type.name + "', on a line of its own that is indented as '" + type.name +
                           "' is: '" + entry.key + ": " + to_yaml_line(entry.value) + "'"
                     : "write it as an item of its own: '- " + entry.key + "'");
    return true;
  }
  return false;
}

bool ItemTypes::is_misspelt_block(const ItemType& type, const Reading& r) const {
  if (!layers() || is_layer(type.name)) return false;
  const std::string block = closest(type.name, blocks_);
  if (block.empty() || !meant(type.name).empty()) return false;
  r.problem(type.where, "unknown layer or block " + Node::string(type.name).described(), "write '" + block + "'",
            {"blocks: " + join(blocks_)});
  return true;
}

}  // namespace dl
