// Patterns of names: '*' for any characters, '?' for one. In a spec one alone stands for a list of one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lib/spec/schema.h"

namespace dl {

// Whether `pattern` stands for the whole text.
bool fits_pattern(std::string_view pattern, std::string_view text);

// A name that fits `pattern` as `meant` has it: what the first '*' stands for is kept, where both have one.
std::string renamed(const std::string& name, const std::string& pattern, const std::string& meant);

struct Patterns {
  std::vector<std::string> list;

  bool empty() const { return list.empty(); }
  bool fit(std::string_view text) const;  // whether one of them does; false where there is none
};

template <>
struct Codec<Patterns> {
  static bool read(const Node& node, Patterns& value, const Limits& limits, const Reading& r);
  static Node write(const Patterns& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

}  // namespace dl
