// Forms of places, found from the schemas on the way down.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/form.h"

#include <algorithm>

namespace dl {
namespace {

std::shared_ptr<const OwnedSchema> schema_of_type(const AnyRegistry& registry, const std::string& name) {
  std::shared_ptr<Described> object = registry.make(name);
  Schema schema = schema_of(*object);
  return std::make_shared<OwnedSchema>(OwnedSchema{std::move(object), std::move(schema)});
}

// The keys of {format: csv, …}: those of the type that a deciding key names.
std::shared_ptr<const OwnedSchema> decided(const Node& node, const Schema& schema) {
  for (const std::string& key : schema.deciding_keys()) {
    const Node* name = node.find(key);
    if (!name || !name->as_string()) continue;
    for (const AnyRegistry* registry : AnyRegistry::all())
      if (registry->has(*name->as_string())) return schema_of_type(*registry, *name->as_string());
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<const OwnedSchema> Form::named_type(const std::string& name) const {
  if (registry) return registry->has(name) ? schema_of_type(*registry, name) : nullptr;
  if (known) return nullptr;
  for (const AnyRegistry* any : AnyRegistry::all())
    if (any->has(name)) return schema_of_type(*any, name);
  return nullptr;
}

Form Form::below(const Node& at, const std::string& part) const {
  if (at.is_list()) return *this;
  if (!object) return {.object = named_type(part), .registry = nullptr, .text = false, .known = known};
  if (object->by_name)
    return {.object = std::make_shared<OwnedSchema>(OwnedSchema{object->object, object->schema}), .known = true};
  const auto of_decided = decided(at, object->schema);
  const Field* field = of_decided ? of_decided->schema.field(part) : nullptr;
  if (!field) field = object->schema.field(part);
  if (!field) return {.known = true};
  Form form{.object = field->inner(), .registry = field->registry(), .text = field->takes_text()};
  form.known = form.object || form.registry || form.text || !field->takes_anything();
  return form;
}

std::string Form::short_key() const {
  const Field* field = object && !object->by_name ? object->schema.positional() : nullptr;
  return field ? field->key() : "";
}

std::vector<std::string> Form::alternatives_to(const std::string& key) const {
  return object && !object->by_name ? object->schema.alternatives_to(key) : std::vector<std::string>();
}

Form form_of(std::shared_ptr<const OwnedSchema> whole) {
  const bool known = whole != nullptr;
  return {.object = std::move(whole), .known = known};
}

Node written_out(const Node& short_form, const Form& form) {
  if (short_form.is_map() || short_form.is_null()) return {};
  Node map = Node::map();
  map.where = short_form.where;
  map.origin = short_form.origin;
  if (const std::string key = form.short_key(); !key.empty()) {
    map.set(key, short_form);
    return map;
  }
  if (!short_form.as_string() || !form.named_type(*short_form.as_string())) return {};
  Node nothing;
  nothing.where = short_form.where;
  map.set(*short_form.as_string(), nothing);
  return map;
}

bool of_another_kind(const Node& under, const Node& over, const Form& form) {
  if (!form.object || form.object->by_name || !under.is_map() || !over.is_map()) return false;
  return std::ranges::any_of(form.object->schema.deciding_keys(), [&](const std::string& key) {
    const Node *before = under.find(key), *after = over.find(key);
    if (!after) return false;
    return !before || (after->as_string() && !same_value(*before, *after));
  });
}

}  // namespace dl
