// The origin of values, in words.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/explain.h"

#include "lib/base/text.h"
#include "lib/spec/path.h"

namespace dl {
namespace {

std::string origin_of(const Node& node) {
  if (node.origin == Node::Origin::default_value) return "default";
  return node.via.empty() ? node.where.text() : node.via + " at " + node.where.text();
}

std::string value_text(const Node& node) {
  if (!node.is_map() && !node.is_list()) return std::string(trim(to_yaml(node)));
  return node.described();
}

Explanation explained(const std::string& path, const Node& node) {
  Explanation out{path, node, origin_of(node), {}};
  for (const Node* under = node.overrode.get(); under; under = under->overrode.get())
    out.overrode.emplace_back(value_text(*under), origin_of(*under));
  return out;
}

}  // namespace

std::string Explanation::text() const {
  std::string out = path + ": " + value_text(value) + ", from " + origin;
  for (const auto& [under, from] : overrode) out += "\n  instead of " + under + ", from " + from;
  return out;
}

Explanation explain(const Node& spec, const Node& resolved, const std::string& path) {
  const std::vector<std::string> parts = path_parts(path);
  if (const Node* given = parts.empty() ? nullptr : find_path(spec, parts)) return explained(path_text(parts), *given);
  if (const Node* standard = parts.empty() ? nullptr : find_path(resolved, parts)) {
    // A short form gave it (`dropout: 0.5`), where the nearest value given is the same.
    for (size_t length = parts.size(); length > 0; --length) {
      const Node* near = find_path(spec, std::span(parts).first(length));
      if (near && same_value(*near, *standard)) return explained(path_text(parts), *near);
      if (near) break;
    }
    Explanation out = explained(path_text(parts), *standard);
    out.origin = "default";
    return out;
  }
  Problem problem{{}, "", "no value at '" + path + "'", {}, ""};
  for (size_t length = parts.size(); length-- > 0;) {
    const Node* near = find_path(resolved, std::span(parts).first(length));
    if (!near) continue;
    const std::vector<std::string> keys = near->keys();
    const std::string place = length == 0 ? "the spec" : path_text(std::span(parts).first(length));
    if (near->is_list())
      problem.notes.push_back(place + " has " + count_of(static_cast<int64_t>(near->items.size()), "element"));
    else
      problem.notes.push_back(keys.empty() ? place + " has no keys" : "keys of " + place + ": " + join(keys));
    problem.help = spelling_help(parts[length], keys);
    break;
  }
  if (parts.empty()) problem.help = "write a path such as optimizer.adamw.lr or model[3].dropout.p";
  throw Error(Exit::usage, std::move(problem));
}

}  // namespace dl
