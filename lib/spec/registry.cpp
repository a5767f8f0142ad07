// Registries: types by name, and values of a kind read and written.
#include "lib/spec/registry.h"

#include <algorithm>

#include "lib/base/text.h"

namespace dl {
namespace {

std::vector<const AnyRegistry*>& registries() {
  static std::vector<const AnyRegistry*> list;
  return list;
}

// `{type: adam, lr: 1}`, as other frameworks write it: the name given under one of these keys.
const Node* named_by_key(const Node& node) {
  for (const char* key : {"type", "name", "class_name", "_target_"})
    if (const Node* name = node.find(key); name && name->as_string()) return name;
  return nullptr;
}

}  // namespace

AnyRegistry::AnyRegistry(std::string kind) : kind_(std::move(kind)) { registries().push_back(this); }

std::vector<std::string> AnyRegistry::names() const {
  std::vector<std::string> out;
  for (const auto& [name, make] : types_) out.push_back(name);
  return out;
}

bool AnyRegistry::add(const std::string& name, Make make) {
  const bool is_new = types_.emplace(name, std::move(make)).second;
  DL_CHECK(is_new, kind_, " ", name, " is registered twice");
  return is_new;
}

std::unique_ptr<Described> AnyRegistry::make(const std::string& name) const {
  const auto found = types_.find(name);
  DL_CHECK(found != types_.end(), "no ", kind_, " ", name);
  std::unique_ptr<Described> object = found->second();
  object->name = name;
  return object;
}

std::unique_ptr<Described> AnyRegistry::make(const std::string& name, const Where& where, const Reading& r) const {
  if (has(name)) return make(name);
  std::string meant;
  for (const std::string& known : names()) {
    const std::vector<std::string> foreign = schema_of(*make(known)).foreign_names();
    if (std::find(foreign.begin(), foreign.end(), name) != foreign.end()) meant = known;
  }
  if (meant.empty()) meant = closest(name, names());
  const std::string known = types_.empty() ? "none is built in" : "known " + plural(kind_) + ": " + join(names());
  r.problem(where, "unknown " + kind_ + " " + Node::string(name).described(),
            meant.empty() ? "" : "write '" + meant + "'", {known});
  return nullptr;
}

Node AnyRegistry::json_schema() const {
  Node out = Node::map();
  out.set("$ref", Node::string("#/$defs/" + kind_));
  return out;
}

std::vector<const AnyRegistry*> AnyRegistry::all() {
  std::vector<const AnyRegistry*> out = registries();
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->kind() < b->kind(); });
  return out;
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
  } else if (const Node* given = named_by_key(node)) {
    r.expected(node, wanted, "write '" + given->text + ": {…}', the name first");
    return nullptr;
  } else {
    const bool several = node.is_map() && node.entries.size() > 1;
    r.expected(node, wanted,
               several ? "write one name, its keys in braces: 'NAME: {…}'" : "write 'NAME' or 'NAME: {…}'");
    return nullptr;
  }
  std::unique_ptr<Described> object = registry.make(name, name_where, r);
  if (!object) return nullptr;
  Node nothing;
  nothing.where = name_where;
  if (config && config->is_null()) config = nullptr;  // `relu:`
  if (!read_object(config ? *config : nothing, *object, r.registered(name))) return nullptr;
  object->place = name_where;
  return object;
}

Node write_registered(const Described& object) {
  Node config = write_object(object);
  if (config.entries.empty()) return Node::string(object.name);
  Node out = Node::map();
  out.set(object.name, std::move(config));
  return out;
}

std::string with_article(const std::string& noun) {
  const bool vowel = !noun.empty() && std::string_view("aeiou").find(noun[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

}  // namespace dl
