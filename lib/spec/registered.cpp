// Values of a kind, read and written: a registered name with its keys.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/text.h"
#include "lib/spec/interpolate.h"
#include "lib/spec/registry.h"
#include "lib/spec/rewritten.h"
#include "lib/spec/several.h"

namespace dl {

namespace {

std::map<std::string, SeveralHelp>& helps_of_several() {
  static std::map<std::string, SeveralHelp> all;
  return all;
}

// {type: mse, …}, or {loss: mse, …} where a loss is read.
const Node* named_in(const AnyRegistry& registry, const Node& node) {
  const Node* own = node.find(registry.kind());
  return own && own->as_string() ? own : named_by_key(node);
}

// What to write for {type: adam, lr: 1}, whose name is `given`.
std::string help_for_named(const AnyRegistry& registry, const Node& node, const Node& given) {
  const std::string meant = registry.meant(given.text).name;
  if (meant.empty()) return "write '" + given.text + ": {…}', the name first";
  Node keys = node;
  for (const Node::Entry& entry : node.entries)
    if (&entry.value == &given) keys.erase(entry.key);
  return help_for(registry, meant, keys);
}

// Of {adam: null, lr: 1e-3}: the entry that names a type, whose keys the others are, as nothing else is a name; else
// null.
const Node::Entry* named_beside_keys(const AnyRegistry& registry, const Node& node) {
  const Node::Entry* named = nullptr;
  for (const Node::Entry& entry : node.entries) {
    if (!registry.has(entry.key)) continue;
    if (named || !entry.value.is_null()) return nullptr;
    named = &entry;
  }
  if (!named) return nullptr;
  const auto object = registry.make(named->key);
  const Schema schema = schema_of(*object);
  const bool has_key = std::ranges::any_of(
      node.entries, [&](const Node::Entry& entry) { return &entry != named && schema.meant(entry.key); });
  return has_key ? named : nullptr;
}

// Whether a value that is no map may stand for the keys: any where there is a positional one, but a truth value where
// that takes none.
bool takes_value(Described& object, const Node& value) {
  const Schema schema = schema_of(object);
  const Field* field = schema.positional();
  if (!field || !value.as_bool()) return field != nullptr;
  std::vector<Problem> problems;
  return field->read(value, Reading(problems));
}

}  // namespace

void say_of_several(const std::string& kind, SeveralHelp help) { helps_of_several()[kind] = help; }

std::string help_of_several(const std::string& kind, const Node& several) {
  const auto found = helps_of_several().find(kind);
  return found == helps_of_several().end() ? "" : found->second(several);
}

std::unique_ptr<Described> read_registered(const AnyRegistry& registry, const Node& node, const Reading& r) {
  const std::string wanted = with_article(registry.kind());
  std::string name;
  const Node* config = nullptr;
  Where name_where = node.where;
  if (const auto text = node.as_string()) {
    name = *text;
  } else if (node.is_map() && node.entries.size() == 1) {
    name = node.entries[0].key;
    name_where = node.entries[0].key_where;
    config = &node.entries[0].value;
  } else if (const Node* given = named_in(registry, node)) {
    r.expected(node, wanted, help_for_named(registry, node, *given));
    return nullptr;
  } else if (const Node::Entry* type = named_beside_keys(registry, node)) {
    Node keys = node;
    keys.erase(type->key);
    r.problem(keys.entries[0].key_where,
              concat("'", keys.entries[0].key, "' stands beside '", type->key, "', not below it"),
              concat("indent it further than '", type->key, "'; or ", help_for(registry, type->key, keys)));
    return nullptr;
  } else {
    const bool several = node.is_map() && node.entries.size() > 1;
    const bool is_off = node.as_bool() == false;
    const std::string of_list = several || node.items.size() > 1 ? help_of_several(registry.kind(), node) : "";
    r.expected(node, wanted,
               is_off                                     ? "leave it out"
               : !of_list.empty()                         ? of_list
               : several                                  ? "write one name, its keys in braces: 'NAME: {…}'"
               : node.is_list() && node.items.size() == 1 ? "leave the '-' or the brackets out: it is one, not a list"
                                                          : "write 'NAME' or 'NAME: {…}'");
    return nullptr;
  }
  if (config && !config->is_map() && !config->is_null() && !registry.has(name))
    if (const AnyRegistry::Meant meant = registry.meant(name); !meant.name.empty() && meant.help.empty()) {
      r.problem(name_where, "unknown " + registry.kind() + " " + Node::string(name).described(),
                help_for(registry, meant.name, *config), {registry.known()});
      return nullptr;
    }
  std::unique_ptr<Described> object = registry.make(name, name_where, r);
  if (!object) {
    if (config) read_as_meant(registry, name, *config, r);
    return nullptr;
  }
  Node nothing;
  nothing.where = name_where;
  if (config && config->is_null()) config = nullptr;  // `relu:`
  if (config && !config->is_map() && !takes_value(*object, *config)) {
    const bool is_off = config->as_bool() == false, is_on = config->as_bool() == true;
    schema_of(*object).expect_keys(*config, r.registered(name),
                                   is_off ? "leave it out" : help_for(registry, name, is_on ? Node() : *config));
    return nullptr;
  }
  if (!registry.read_keys(config ? *config : nothing, *object, r.registered(name))) return nullptr;
  object->place = name_where;
  return object;
}

void check_registered(const AnyRegistry& registry, const Node& node, const Reading& r) {
  const bool has_keys = node.is_map() && node.entries.size() == 1;
  if (!has_keys || !has_references(node)) {
    read_registered(registry, node, r);
    return;
  }
  const Node::Entry& entry = node.entries[0];
  if (const std::unique_ptr<Described> object = registry.make(entry.key, entry.key_where, r))
    registry.read_keys(entry.value, *object, r.registered(entry.key), References::left);
}

bool takes_truth(const Node& node, Described& object, const Reading& r) {
  const auto on = node.as_bool();
  if (!on || takes_value(object, node)) return true;
  const Schema schema = schema_of(object);
  schema.expect_keys(node, r,
                     !*on                    ? "leave it out, or write null"
                     : schema.has_required() ? "write '" + schema.examples().at(0) + "'"
                                             : "write '" + object.name + ": {}'");
  return false;
}

void read_as_meant(const AnyRegistry& registry, const std::string& name, const Node& config, const Reading& r) {
  const std::string meant = registry.meant(name).name;
  if (!meant.empty() && config.is_map()) registry.read_keys(config, *registry.make(meant), r.registered(meant));
}

Node write_registered(const Described& object) {
  Node config = write_object(object);
  if (config.entries.empty()) return Node::string(object.name);
  Node out = Node::map();
  out.set(object.name, std::move(config));
  return out;
}

}  // namespace dl
