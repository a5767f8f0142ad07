// Walking several configs at once.
// SPDX-License-Identifier: Apache-2.0
#include "app/config_difference.h"

#include <algorithm>

#include "lib/base/error.h"

namespace dl {
namespace {

using Nodes = std::vector<const Node*>;  // one a config; null where it is not there

std::string line_of(const Node& node) {
  if (node.is_scalar()) return node.text;
  return node.is_null() ? "null" : to_json(node, 0);
}

bool same(const Nodes& nodes) {
  return std::ranges::all_of(nodes, [&](const Node* n) {
    return (n == nullptr) == (nodes[0] == nullptr) && (n == nullptr || same_value(*n, *nodes[0]));
  });
}

template <class Is>
bool all_are(const Nodes& nodes, Is is) {
  return std::ranges::all_of(nodes, [&](const Node* n) { return n != nullptr && is(*n); });
}

// How many items at the begin, or with `from_end` at the end, all lists have alike; at most `most`.
size_t common(const Nodes& lists, bool from_end, size_t most) {
  for (size_t i = 0; i < most; ++i)
    for (const Node* list : lists) {
      const std::vector<Node>&a = lists[0]->items, &b = list->items;
      if (!same_value(from_end ? a[a.size() - 1 - i] : a[i], from_end ? b[b.size() - 1 - i] : b[i])) return i;
    }
  return most;
}

class Walk {
 public:
  std::vector<Difference> found;

  void visit(const std::string& path, const Nodes& nodes) {
    if (same(nodes)) return;
    if (all_are(nodes, [](const Node& n) { return n.is_map(); })) return visit_maps(path, nodes);
    if (all_are(nodes, [](const Node& n) { return n.is_list(); })) return visit_lists(path, nodes);
    Difference difference{.key = path};
    for (const Node* node : nodes)
      difference.values.push_back(node != nullptr ? std::optional(line_of(*node)) : std::nullopt);
    found.push_back(std::move(difference));
  }

 private:
  void visit_maps(const std::string& path, const Nodes& maps) {
    std::vector<std::string> keys;
    for (const Node* map : maps)
      for (const Node::Entry& entry : map->entries)
        if (std::ranges::find(keys, entry.key) == keys.end()) keys.push_back(entry.key);
    for (const std::string& key : keys) {
      Nodes values;
      for (const Node* map : maps) values.push_back(map->find(key));
      visit(path.empty() ? key : path + "." + key, values);
    }
  }

  void visit_lists(const std::string& path, const Nodes& lists) {
    size_t least = lists[0]->items.size(), most = least;
    for (const Node* list : lists) {
      least = std::min(least, list->items.size());
      most = std::max(most, list->items.size());
    }
    const size_t before = least == most ? 0 : common(lists, false, least);
    const size_t after = least == most ? 0 : common(lists, true, least - before);
    for (size_t i = before; i < most - after; ++i) {
      Nodes items;
      for (const Node* list : lists) items.push_back(i + after < list->items.size() ? &list->items[i] : nullptr);
      visit(concat(path, "[", i, "]"), items);
    }
  }
};

}  // namespace

std::vector<Difference> config_differences(const std::vector<const Node*>& configs) {
  Walk walk;
  walk.visit("", configs);
  return std::move(walk.found);
}

}  // namespace dl
