// Paths into a spec.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/path.h"

#include <charconv>

namespace dl {
namespace {

bool is_index(std::string_view part) {
  return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (at <= path.size()) {
    const size_t end = std::min(path.find_first_of(".[", at), path.size());
    if (end == at) return {};
    parts.emplace_back(path.substr(at, end - at));
    at = end;
    while (at < path.size() && path[at] == '[') {
      const size_t close = path.find(']', at);
      if (close == std::string_view::npos || !is_index(path.substr(at + 1, close - at - 1))) return {};
      parts.emplace_back(path.substr(at + 1, close - at - 1));
      at = close + 1;
    }
    if (at == path.size()) return parts;
    if (path[at] != '.') return {};
    ++at;
  }
  return {};
}

std::string path_text(std::span<const std::string> parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (is_index(part) && !out.empty())
      out += "[" + part + "]";
    else
      out += (out.empty() ? "" : ".") + part;
  }
  return out;
}

std::optional<size_t> list_index(const Node& list, const std::string& part) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size() || index >= list.items.size()) return {};
  return index;
}

const Node* find_path(const Node& spec, std::span<const std::string> parts) {
  const Node* node = &spec;
  for (const std::string& part : parts) {
    if (node->is_list()) {
      const auto index = list_index(*node, part);
      node = index ? &node->items[*index] : nullptr;
    } else {
      node = node->find(part);
    }
    if (!node) return nullptr;
  }
  return node;
}

const Node* find_path(const Node& spec, const std::string& path) {
  const std::vector<std::string> parts = path_parts(path);
  return parts.empty() ? nullptr : find_path(spec, parts);
}

}  // namespace dl
