// Matching patterns.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/patterns.h"

#include <algorithm>

namespace dl {

bool fits_pattern(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {  // the last '*' takes one more
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string renamed(const std::string& name, const std::string& pattern, const std::string& meant) {
  const size_t star = pattern.find('*'), place = meant.find('*');
  if (star == std::string::npos || place == std::string::npos) return meant;
  const std::string kept = name.substr(star, name.size() - (pattern.size() - 1));
  return meant.substr(0, place) + kept + meant.substr(place + 1);
}

bool Patterns::fit(std::string_view text) const {
  return std::ranges::any_of(list, [&](const std::string& pattern) { return fits_pattern(pattern, text); });
}

using List = Codec<std::vector<std::string>>;

bool Codec<Patterns>::read(const Node& node, Patterns& value, const Limits& limits, const Reading& r) {
  if (!node.is_scalar()) return List::read(node, value.list, limits, r);
  std::string one;
  if (!Codec<std::string>::read(node, one, limits, r)) return false;
  value.list = {one};
  return true;
}

Node Codec<Patterns>::write(const Patterns& value) { return List::write(value.list); }

std::string Codec<Patterns>::type(const Limits& limits) { return List::type(limits); }

Node Codec<Patterns>::json_schema(const Limits& limits) {
  Node any = Node::map();
  any.set("anyOf", Node::list({Codec<std::string>::json_schema(limits), List::json_schema(limits)}));
  return any;
}

}  // namespace dl
