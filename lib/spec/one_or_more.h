// A value, or a list of them, in a spec: `2`, `[2, 1.5]`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <utility>
#include <vector>

#include "lib/spec/codec.h"

namespace dl {

template <class T>
struct OneOrMore {
  std::vector<T> values;

  bool empty() const { return values.empty(); }
  size_t size() const { return values.size(); }
  // Of the i-th thing: a single number is everyone's.
  T at(size_t i) const { return values.at(values.size() == 1 ? 0 : i); }
};

template <class T>
struct Codec<OneOrMore<T>> {
  static bool read(const Node& node, OneOrMore<T>& value, const Limits& limits, const Reading& r) {
    if (node.is_list()) return Codec<std::vector<T>>::read(node, value.values, limits, r);
    T one{};
    if (!Codec<T>::read(node, one, limits, r)) return false;
    value.values = {std::move(one)};
    return true;
  }
  static Node write(const OneOrMore<T>& value) {
    if (value.size() == 1) return Codec<T>::write(value.values[0]);
    return Codec<std::vector<T>>::write(value.values);
  }
  static std::string type(const Limits& limits) { return Codec<T>::type(limits) + " or a list of them"; }
  static Node json_schema(const Limits& limits) {
    Node any = Node::map();
    any.set("anyOf", Node::list({Codec<T>::json_schema(limits), Codec<std::vector<T>>::json_schema(limits)}));
    return any;
  }
  static auto inner() requires requires { Codec<T>::inner(); }
  { return Codec<T>::inner(); }
};

}  // namespace dl
