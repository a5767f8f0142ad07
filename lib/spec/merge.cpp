// Merging of maps, and setting one value.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/merge.h"
#include "lib/spec/blocks.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "lib/spec/path.h"

namespace dl {
namespace {

Node replaced(Node under, Node over) {
  over.overrode = std::make_shared<const Node>(std::move(under));
  return over;
}

// A map with one key, which names a type, is of another type than `name`.
bool other_type(const Node& node, const std::string& name, const Form& form) {
  if (node.entries.size() != 1 || node.entries[0].key == name) return false;
  return form.registry || (!form.known && same_kind(node.entries[0].key, name));
}

// The entry of a registered type in a map, what stands beside it (`name:`, `from:`) passed over; null where there is
// none.
const Node::Entry* typed_entry(const Node& node, const Form& form) {
  if (form.object) return nullptr;
  for (const Node::Entry& entry : node.entries)
    if (form.named_type(entry.key)) return &entry;
  return nullptr;
}

// --set optimizer.lr=0.1, where the optimizer is {adamw: …} and has such a key: `adamw` is missing in the path.
struct Missing {
  std::string type, key;
};
std::optional<Missing> missing_type(const Node& node, const std::string& part, const Form& form) {
  const Node::Entry* typed = typed_entry(node, form);
  if (!typed || typed->key == part || node.find(part) || form.named_type(part)) return {};
  if (std::ranges::count(item_keys, part) > 0) return {};
  const std::shared_ptr<const OwnedSchema> keys = form.named_type(typed->key);
  const Field* meant = keys->schema.meant(part);
  if (!meant) return {};
  return Missing{typed->key, meant->key()};
}

// What --set has set already stays where the rest is replaced.
Node options_of(const Node& node) {
  Node out = Node::map();
  for (const Node::Entry& entry : node.entries)
    if (entry.value.origin == Node::Origin::option) out.entries.push_back(entry);
  return out;
}

class PathSetter {
 public:
  PathSetter(const std::vector<std::string>& path, Node value, const Reading& r)
      : path_(path), value_(std::move(value)), r_(r) {}

  void set(Node& node, size_t i, const Form& form) {
    if (i == path_.size()) {
      node = replaced(std::move(node), std::move(value_));
      return;
    }
    const std::string& part = path_[i];
    if (node.is_list()) {
      if (const auto index = list_index(node, part)) return set(node.items[*index], i + 1, form.below(node, part));
      if (form.short_key().empty()) return no_element(node, i);
    }
    if (!node.is_map() && !make_map(node, part, form)) {
      const std::string so_far = text(i);
      return refuse(node, "the path goes through " + so_far + ", which is " + node.described(),
                    "set " + so_far + " as a whole");
    }
    if (const auto missing = missing_type(node, part, form)) return missing_in_path(node, i, *missing);
    replace_other_kind(node, i, form);
    const Form inner = form.below(node, part);
    const bool last = i + 1 == path_.size();
    if (!last || !value_.is_null())
      for (const std::string& other : form.alternatives_to(part)) node.erase(other);
    if (Node* present = node.find(part)) return set(*present, i + 1, inner);
    Node& made = node.set(part, last ? value_ : new_map());
    if (!last) set(made, i + 1, inner);
  }

 private:
  std::string text(size_t parts) const { return path_text(std::span(path_).first(parts)); }

  Node new_map() const {
    Node made = Node::map();
    made.where = value_.where;
    made.origin = value_.origin;
    return made;
  }

  static bool make_map(Node& node, const std::string& part, const Form& form) {
    Node map = written_out(node, form);
    if (node.is_null()) {
      map = Node::map();
      map.where = node.where;
      map.origin = node.origin;
    } else if (map.is_null()) {
      return false;
    } else if (form.short_key().empty() && !form.registry) {
      // A name in the model's list: `relu`, and the path goes to one of its keys or to another layer.
      const std::string name = map.entries[0].key;
      if (name != part && !same_kind(name, part) && !missing_type(map, part, form)) return false;
    }
    node = std::move(map);
    return true;
  }

  void replace_other_kind(Node& node, size_t i, const Form& form) {
    const std::string& part = path_[i];
    Node over = new_map();
    over.set(part, i + 1 == path_.size() ? value_ : new_map());
    if (of_another_kind(node, over, form)) {
      Node kept = options_of(node);
      kept.where = value_.where;
      kept.origin = value_.origin;
      node = replaced(std::move(node), std::move(kept));
      return;
    }
    if (other_type(node, part, form)) {
      node = replaced(std::move(node), new_map());
      return;
    }
    // Beside `name:` and `from:` in the model's list, the layer alone.
    const Node::Entry* typed = form.known ? nullptr : typed_entry(node, form);
    if (typed && same_kind(typed->key, part)) node.erase(std::string(typed->key));
  }

  void refuse(const Node& node, const std::string& what, const std::string& help) const {
    r_.problem(value_.where, what, help,
               node.where.line > 0 ? std::vector{"it stands at " + node.where.text()} : std::vector<std::string>{});
  }

  void no_element(const Node& node, size_t i) const {
    const std::string so_far = text(i);
    refuse(node, "no element '" + path_[i] + "' in " + so_far + ", a list of " + std::to_string(node.items.size()),
           node.items.empty() ? "it is empty" : concat("write an index from 0 to ", node.items.size() - 1));
  }

  void missing_in_path(const Node& node, size_t i, const Missing& missing) const {
    std::vector<std::string> meant(path_.begin(), path_.begin() + static_cast<std::ptrdiff_t>(i));
    meant.insert(meant.end(), {missing.type, missing.key});
    meant.insert(meant.end(), path_.begin() + static_cast<std::ptrdiff_t>(i) + 1, path_.end());
    refuse(node,
           concat(text(i), " is ", missing.type, ", whose keys stand below that name; there is no '", text(i + 1), "'"),
           concat("write --set ", path_text(meant), "=…"));
  }

  const std::vector<std::string>& path_;
  Node value_;
  const Reading& r_;
};

}  // namespace

bool same_kind(const std::string& name, const std::string& other) {
  if (name == other) return false;
  const auto all = AnyRegistry::all();
  return std::any_of(all.begin(), all.end(),
                     [&](const AnyRegistry* registry) { return registry->has(name) && registry->has(other); });
}

Node merged(Node under, Node over, const Form& form) {
  if (over.is_map() && !under.is_map() && !form.short_key().empty())
    if (Node map = written_out(under, form); !map.is_null()) under = std::move(map);
  if (!under.is_map() || !over.is_map()) return replaced(std::move(under), std::move(over));
  if (of_another_kind(under, over, form) || (over.entries.size() == 1 && other_type(under, over.entries[0].key, form)))
    return replaced(std::move(under), std::move(over));
  Node out = std::move(under);
  out.where = over.where;
  for (const Node::Entry& entry : over.entries)
    if (!entry.value.is_null())
      for (const std::string& other : form.alternatives_to(entry.key)) out.erase(other);
  for (Node::Entry& entry : over.entries) {
    const Form inner = form.below(out, entry.key);
    Node* present = out.find(entry.key);
    if (!present) {
      out.entries.push_back(std::move(entry));
      continue;
    }
    const bool included = entry.value.where.file != entry.key_where.file;
    Node value = included ? replaced(std::move(*present), std::move(entry.value))
                          : merged(std::move(*present), std::move(entry.value), inner);
    *present = std::move(value);
    std::find_if(out.entries.begin(), out.entries.end(), [&](const Node::Entry& e) {
      return e.key == entry.key;
    })->key_where = entry.key_where;
  }
  return out;
}

void set_path(Node& spec, const std::vector<std::string>& path, Node value, const Reading& r, const Form& form) {
  PathSetter(path, std::move(value), r).set(spec, 0, form);
}

}  // namespace dl
