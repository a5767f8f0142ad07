// A number or several, as keys of transforms have it: for all channels of an image or for each.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/spec/codec.h"

namespace dl {

// `0.5` or `[0.49, 0.48, 0.45]`.
struct OneOrMore {
  std::vector<double> values;
  bool operator==(const OneOrMore&) const = default;
};

template <>
struct Codec<OneOrMore> {
  using List = Codec<std::vector<double>>;
  static bool read(const Node& node, OneOrMore& value, const Limits& limits, const Reading& r) {
    if (node.is_list()) return List::read(node, value.values, limits, r);
    double number = 0;
    if (!Codec<double>::read(node, number, limits, r)) return false;
    value.values = {number};
    return true;
  }
  static Node write(const OneOrMore& value) {
    return value.values.size() == 1 ? Node::number(value.values[0]) : List::write(value.values);
  }
  static std::string type(const Limits& limits) { return Codec<double>::type(limits) + " or a list of them"; }
  static Node json_schema(const Limits& limits) {
    Node out = Node::map();
    out.set("anyOf", Node::list({Codec<double>::json_schema(limits), List::json_schema(limits)}));
    return out;
  }
};

}  // namespace dl
