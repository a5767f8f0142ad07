// A choice, or a GPU by its number.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/device_name.h"

#include <algorithm>
#include <cctype>

namespace dl {

namespace {

bool is_numbered(const std::string& name) {
  const std::string beginning = "cuda:";
  return name.starts_with(beginning) && name.size() > beginning.size() && name.size() <= beginning.size() + 2 &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(beginning.size()), name.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

bool Codec<DeviceName>::read(const Node& node, DeviceName& value, const Limits& limits, const Reading& r) {
  const std::optional<std::string> text = node.as_string();
  if (!text || !is_numbered(*text)) return Codec<std::string>::read(node, value.name, limits, r);
  value.name = *text;
  return true;
}

Node Codec<DeviceName>::write(const DeviceName& value) { return Node::string(value.name); }

std::string Codec<DeviceName>::type(const Limits& limits) { return Codec<std::string>::type(limits); }

Node Codec<DeviceName>::json_schema(const Limits& limits) {
  Node numbered = Node::map(), out = Node::map();
  numbered.set("type", Node::string("string"));
  numbered.set("pattern", Node::string("^cuda:[0-9]{1,2}$"));
  Node& any = out.set("anyOf", Node::list());
  any.items = {Codec<std::string>::json_schema(limits), std::move(numbered)};
  return out;
}

}  // namespace dl
