// Merging of maps, and setting one value.
#include "lib/spec/merge.h"

#include <algorithm>
#include <memory>

#include "lib/base/text.h"
#include "lib/spec/path.h"
#include "lib/spec/registry.h"

namespace dl {
namespace {

Node replaced(Node under, Node over) {
  over.overrode = std::make_shared<const Node>(std::move(under));
  return over;
}

// The key that a value without keys stands for: `dropout: 0.5` is {p: 0.5}. Empty where `name` has none.
std::string positional_key(const std::string& name) {
  for (const AnyRegistry* registry : AnyRegistry::all()) {
    if (!registry->has(name)) continue;
    const auto object = registry->make(name);
    const Schema schema = schema_of(*object);
    if (const Field* field = schema.positional()) return field->key();
  }
  return {};
}

bool registered(const std::string& name) {
  const auto all = AnyRegistry::all();
  return std::any_of(all.begin(), all.end(), [&](const AnyRegistry* registry) { return registry->has(name); });
}

// A map at `node` with the meaning of the short form that stands there; false where it is none that `part` fits.
// `name` is the key that the value stands under.
bool write_out(Node& node, const std::string& name, const std::string& part) {
  Node map = Node::map();
  map.where = node.where;
  map.origin = node.origin;
  if (const std::string key = positional_key(name); !node.is_null() && !key.empty()) {
    map.set(key, node);
  } else if (node.is_scalar() && registered(node.text) && (node.text == part || same_kind(node.text, part))) {
    Node nothing;
    nothing.where = node.where;
    map.set(node.text, nothing);
  } else if (!node.is_null()) {
    return false;
  }
  node = std::move(map);
  return true;
}

}  // namespace

bool same_kind(const std::string& name, const std::string& other) {
  if (name == other) return false;
  const auto all = AnyRegistry::all();
  return std::any_of(all.begin(), all.end(),
                     [&](const AnyRegistry* registry) { return registry->has(name) && registry->has(other); });
}

Node merged(Node under, Node over) {
  if (!under.is_map() || !over.is_map()) return replaced(std::move(under), std::move(over));
  if (under.entries.size() == 1 && over.entries.size() == 1 && same_kind(under.entries[0].key, over.entries[0].key))
    return replaced(std::move(under), std::move(over));
  Node out = std::move(under);
  out.where = over.where;
  for (Node::Entry& entry : over.entries) {
    Node* present = out.find(entry.key);
    if (!present) {
      out.entries.push_back(std::move(entry));
      continue;
    }
    const bool included = entry.value.where.file != entry.key_where.file;
    Node value = included ? replaced(std::move(*present), std::move(entry.value))
                          : merged(std::move(*present), std::move(entry.value));
    *present = std::move(value);
    std::find_if(out.entries.begin(), out.entries.end(), [&](const Node::Entry& e) {
      return e.key == entry.key;
    })->key_where = entry.key_where;
  }
  return out;
}

void set_path(Node& spec, const std::vector<std::string>& path, Node value, const Reading& r) {
  Node* node = &spec;
  for (size_t i = 0; i < path.size(); ++i) {
    const std::string& part = path[i];
    const std::string so_far = path_text(std::span(path).first(i));
    const auto refuse = [&](const std::string& what, const std::string& help) {
      r.problem(value.where, what, help,
                node->where.line > 0 ? std::vector{"it stands at " + node->where.text()} : std::vector<std::string>{});
    };
    if (node->is_list() && list_index(*node, part)) {
      node = &node->items[*list_index(*node, part)];
      continue;
    }
    if (node->is_list() && (i == 0 || positional_key(path[i - 1]).empty())) {
      const std::string last =
          node->items.empty() ? "it is empty" : concat("write an index from 0 to ", node->items.size() - 1);
      refuse("no element '" + part + "' in " + so_far + ", a list of " + std::to_string(node->items.size()), last);
      return;
    }
    if (!node->is_map() && !write_out(*node, i == 0 ? "" : path[i - 1], part)) {
      refuse("the path goes through " + so_far + ", which is " + node->described(), "set " + so_far + " as a whole");
      return;
    }
    if (node->entries.size() == 1 && same_kind(node->entries[0].key, part)) {
      Node other = Node::map();
      other.where = value.where;
      other.origin = value.origin;
      *node = replaced(std::move(*node), std::move(other));
    }
    if (Node* present = node->find(part)) {
      node = present;
    } else if (i + 1 < path.size()) {
      Node made = Node::map();
      made.where = value.where;
      made.origin = value.origin;
      node = &node->set(part, std::move(made));
    } else {
      node->set(part, std::move(value));
      return;
    }
  }
  *node = replaced(std::move(*node), std::move(value));
}

}  // namespace dl
