// Entries of the reference, and their forms as text, Markdown and JSON.
// SPDX-License-Identifier: Apache-2.0
#include "app/reference.h"

#include <algorithm>

#include "app/console/json.h"
#include "app/console/text.h"
#include "lib/base/text.h"
#include "lib/interop/code/known_twins.h"
#include "lib/spec/registry.h"
#include "lib/train/plan/run_spec.h"

namespace dl {
namespace {

template <class T>
ReferenceEntry section(const std::string& name) {
  auto object = std::make_shared<T>();
  Schema schema = schema_of(*object);
  return {"section", name, std::move(object), std::move(schema), ""};
}

constexpr const char* beside_layers = "beside";  // in the place of a kind

// "required", or the default as one writes it; nothing where there is none, or where it has a page of its own.
std::string default_text(const Field& field) {
  if (field.is_required()) return "required";
  const Node value = field.value();
  if (value.is_null() || value.is_map() || (value.is_list() && value.items.empty())) return "";
  return value.is_scalar() ? value.text : to_json(value, 0);
}

std::string shorthand(const ReferenceEntry& entry) {
  const Field* field = entry.schema.positional();
  return field ? concat("`", entry.name, ": X` stands for `", entry.name, ": {", field->key(), ": X}`") : "";
}

// Whether what a field holds is a registered type under a key of its own name, which has a page by its registry.
bool is_registered(const Field& field) {
  return std::ranges::any_of(AnyRegistry::all(), [&](const AnyRegistry* r) { return r->has(field.key()); });
}

bool is_section(const Field& field) {
  const auto inner = field.inner();
  return inner && !inner->by_name && !inner->schema.summary().empty() && !is_registered(field);
}

// The keys of the objects that a field holds, where they have no page of their own; else null.
std::shared_ptr<const OwnedSchema> keys_below(const Field& field) {
  return is_section(field) || is_registered(field) ? nullptr : field.inner();
}

bool holds_list(const Field& field) {
  const Node schema = field.json_schema();
  const Node* type = schema.find("type");
  return type != nullptr && type->text == "array";
}

// The sections of a section at `place`, each before its own.
void add_sections(const Schema& schema, const std::string& place, std::vector<ReferenceEntry>& all) {
  for (const Field& field : schema.fields()) {
    if (!is_section(field)) continue;
    const auto inner = field.inner();
    const std::string below = place + field.key() + (holds_list(field) ? "[]." : ".");
    all.push_back({"section", field.key(), inner->object, inner->schema, below});
    add_sections(inner->schema, below, all);
  }
}

// "a number above 0; required", "an integer; default 3".
std::string type_and_default(const Field& field) {
  const std::string standard = default_text(field);
  const std::string more = standard.empty() || field.is_required() ? standard : "default " + standard;
  return field.type() + (more.empty() ? "" : "; " + more);
}

// Calls f(kind, name, field) for each key of each entry, those of objects without a page of their own behind the key
// that holds them.
template <class F>
void for_each_key(F f) {
  for (const ReferenceEntry& entry : reference())
    for (const Field& field : entry.schema.fields()) {
      f(entry.kind, entry.name, field);
      if (const auto below = keys_below(field))
        for (const Field& inner : below->schema.fields())
          f(entry.kind, concat(entry.name, ".", field.key(), below->by_name ? ".NAME" : ""), inner);
    }
}

void add_use(std::vector<KeyUse>& uses, KeyUse use, const std::string& kind, const std::string& name) {
  const auto same = [&](const KeyUse& other) {
    return other.key == use.key && other.summary == use.summary && other.type == use.type;
  };
  auto found = std::ranges::find_if(uses, same);
  if (found == uses.end()) {
    uses.push_back(std::move(use));
    found = uses.end() - 1;
  }
  found->places[kind].push_back(name);
}

// Whether a JSON Schema lists the word, but not that of a key below.
bool lists(const Node& schema, const std::string& word) {
  for (const Node::Entry& entry : schema.entries) {
    if (entry.key == "properties") continue;
    if (entry.key == "enum" && std::ranges::count(entry.value.items, word, &Node::text) > 0) return true;
    if (lists(entry.value, word)) return true;
  }
  return std::ranges::any_of(schema.items, [&](const Node& item) { return lists(item, word); });
}

// "of layers conv2d, linear; of section trainer"
std::string places_text(const KeyUse& use) {
  std::vector<std::string> parts;
  for (const auto& [kind, names] : use.places)
    parts.push_back(kind == beside_layers ? concat("beside ", join(names))
                                          : concat("of ", names.size() > 1 ? plural(kind) : kind, " ", join(names)));
  return join(parts, "; ");
}

// Of a layer, by framework.
std::map<std::string, std::string> elsewhere(const ReferenceEntry& entry) {
  return entry.kind == "layer" ? code::names_elsewhere(entry.name) : std::map<std::string, std::string>();
}

std::string in_cell(std::string text) {  // of a table in Markdown
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string indented(const std::string& text, const std::string& indent) {
  std::string out = indent;
  for (char c : text) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out + "\n";
}

}  // namespace

std::vector<ReferenceEntry> reference() {
  std::vector<ReferenceEntry> all;
  all.push_back(section<RunSpec>("config"));
  add_sections(Schema(all.front().schema), "", all);
  for (const AnyRegistry* registry : AnyRegistry::all())
    for (const std::string& name : registry->names()) {
      std::shared_ptr<Described> object = registry->make(name);
      Schema schema = schema_of(*object);
      all.push_back({registry->kind(), name, std::move(object), std::move(schema), ""});
    }
  return all;
}

std::string reference_text(const ReferenceEntry& entry, size_t columns) {
  std::string text = wrapped(concat(entry.name, " (", entry.kind, "): ", entry.schema.summary()), columns, "  ", "");
  if (!entry.schema.details().empty()) text += "\n" + wrapped(entry.schema.details(), columns, "  ", "  ");
  size_t width = 0;
  for (const Field& field : entry.schema.fields()) width = std::max(width, field.key().size());
  const std::string indent(width + 4, ' ');
  for (const Field& field : entry.schema.fields()) {
    text +=
        "\n" + wrapped(field.summary(), columns, indent, "  " + field.key() + indent.substr(field.key().size() + 2));
    text += wrapped(type_and_default(field), columns, indent, indent);
    if (const auto below = keys_below(field))
      for (const Field& inner : below->schema.fields())
        text += wrapped(inner.key() + ": " + inner.summary() + "; " + type_and_default(inner), columns, indent + "    ",
                        indent + "  ");
  }
  if (!shorthand(entry).empty()) text += "\n  " + shorthand(entry) + "\n";
  std::vector<std::string> names;
  for (const auto& [target, name] : elsewhere(entry)) names.push_back(concat(name, " (", target, ")"));
  if (!names.empty()) text += "\n" + wrapped("elsewhere: " + join(names), columns, "    ", "  ");
  for (const std::string& example : entry.schema.examples()) text += "\n  example:\n" + indented(example, "    ");
  return text;
}

std::string reference_markdown(const ReferenceEntry& entry) {
  std::string text = concat("### `", entry.name, "` (", entry.kind, ")\n\n", entry.schema.summary(), "\n");
  if (!entry.schema.details().empty()) text += "\n" + entry.schema.details() + "\n";
  if (!entry.schema.fields().empty()) text += "\n| key | default | what | type |\n|---|---|---|---|\n";
  for (const Field& field : entry.schema.fields()) {
    const std::string standard = default_text(field);
    text += concat("| `", field.key(), "` | ",
                   standard.empty() || field.is_required() ? standard : "`" + in_cell(standard) + "`", " | ",
                   in_cell(field.summary()), " | ", in_cell(field.type()), " |\n");
    if (const auto below = keys_below(field))
      for (const Field& inner : below->schema.fields())
        text += concat("| `", field.key(), below->by_name ? ".NAME." : ".", inner.key(), "` | ",
                       inner.is_required() ? "required" : in_cell(default_text(inner)), " | ", in_cell(inner.summary()),
                       " | ", in_cell(inner.type()), " |\n");
  }
  if (!shorthand(entry).empty()) text += "\n" + shorthand(entry) + "\n";
  for (const std::string& example : entry.schema.examples()) text += "\n```yaml\n" + example + "\n```\n";
  return text;
}

Node reference_json(const ReferenceEntry& entry) {
  const auto described = [](const Field& field) {
    return json_object({{"key", Node::string(field.key())},
                        {"type", Node::string(field.type())},
                        {"required", Node::boolean(field.is_required())},
                        {"default", field.value()},
                        {"positional", Node::boolean(field.is_positional())},
                        {"summary", Node::string(field.summary())}});
  };
  Node keys = Node::list();
  for (const Field& field : entry.schema.fields()) {
    Node& key = keys.items.emplace_back(described(field));
    const auto below = keys_below(field);
    if (!below) continue;
    Node& inner = key.set("keys", Node::list());
    for (const Field& one : below->schema.fields()) inner.items.push_back(described(one));
  }
  Node names = Node::map();
  for (const auto& [target, name] : elsewhere(entry)) names.set(target, Node::string(name));
  return json_object({{"kind", Node::string(entry.kind)},
                      {"name", Node::string(entry.name)},
                      {"summary", Node::string(entry.schema.summary())},
                      {"elsewhere", std::move(names)},
                      {"details", Node::string(entry.schema.details())},
                      {"keys", std::move(keys)},
                      {"examples", json_list(entry.schema.examples())}});
}

std::span<const ItemKey> keys_beside_layers() {
  static constexpr ItemKey keys[]{
      {"name", "what 'from', 'tie' and 'share' of other items call it, and what its tensors are called: NAME.weight",
       "a name"},
      {"from", "what it reads: items before it, or x, what the list is given; without it the item above",
       "the name of an item, or a list of them"},
      {"repeat", "so many copies, one behind another", "an integer at least 1"},
      {"tie", "parameters of it that an item before it has made: {weight: NAME.weight}", "a map of names"},
      {"share", "an item before it, of the same kind, whose weights and running averages it has",
       "the name of an item"}};
  return keys;
}

std::vector<KeyUse> uses_of_key(const std::string& key, const std::string& owner) {
  std::vector<KeyUse> uses;
  for_each_key([&](const std::string& kind, const std::string& name, const Field& field) {
    if (field.key() == key && (owner.empty() || owner == name))
      add_use(uses, {key, field.summary(), type_and_default(field), {}}, kind, name);
  });
  for (const ItemKey& own : keys_beside_layers())
    if (own.key == key && owner.empty())
      add_use(uses, {key, own.summary, own.type, {}}, beside_layers, "a layer or a block of a model");
  return uses;
}

std::vector<KeyUse> uses_of_value(const std::string& value) {
  std::vector<KeyUse> uses;
  for_each_key([&](const std::string& kind, const std::string& name, const Field& field) {
    if (lists(field.json_schema(), value))
      add_use(uses, {field.key(), field.summary(), type_and_default(field), {}}, kind, name);
  });
  return uses;
}

std::string uses_text(const std::string& name, const std::string& what, const std::vector<KeyUse>& uses,
                      size_t columns) {
  std::string text = concat(name, " (", what, ")\n");
  for (const KeyUse& use : uses) {
    text += "\n" + wrapped(use.key == name ? use.summary : use.key + ": " + use.summary, columns, "    ", "  ");
    text += wrapped(use.type, columns, "      ", "    ");
    text += wrapped(places_text(use), columns, "      ", "    ");
  }
  return text;
}

std::string uses_markdown(const std::string& name, const std::string& what, const std::vector<KeyUse>& uses) {
  std::string text = concat("### `", name, "` (", what, ")\n\n| key | what | type | where |\n|---|---|---|---|\n");
  for (const KeyUse& use : uses)
    text +=
        concat("| `", use.key, "` | ", in_cell(use.summary), " | ", in_cell(use.type), " | ", places_text(use), " |\n");
  return text;
}

Node uses_json(const std::vector<KeyUse>& uses) {
  Node list = Node::list();
  for (const KeyUse& use : uses) {
    Node places = Node::map();
    for (const auto& [kind, names] : use.places) places.set(kind, json_list(names));
    list.items.push_back(json_object({{"key", Node::string(use.key)},
                                      {"type", Node::string(use.type)},
                                      {"summary", Node::string(use.summary)},
                                      {"of", std::move(places)}}));
  }
  return list;
}

}  // namespace dl
