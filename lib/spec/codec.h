// Codec<T>: how a member of type T is read from a Node, written to one, and described. A new member type is one
// specialisation with these four functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "lib/spec/node.h"
#include "lib/spec/reading.h"
#include "lib/spec/units.h"

namespace dl {

struct OwnedSchema;
class AnyRegistry;
std::shared_ptr<const OwnedSchema> by_name(std::shared_ptr<const OwnedSchema> schema);

template <class T>
struct Codec;  // to specialise:
//   static bool read(const Node&, T&, const Limits&, const Reading&);  // false: a problem was reported, T is unchanged
//   static Node write(const T&);                                       // reads back as the same value
//   static std::string type(const Limits&);                            // "a number above 0": after "expected "
//   static Node json_schema(const Limits&);                            // JSON Schema (draft 2020-12) of the value
// and, of an object or a registered type, or of a list or a map of those:
//   static std::shared_ptr<const OwnedSchema> inner();                 // its keys
//   static const AnyRegistry* registry();                              // its types

#define DL_CODEC(Type)                                                                       \
  template <>                                                                                \
  struct Codec<Type> {                                                                       \
    static bool read(const Node& node, Type& value, const Limits& limits, const Reading& r); \
    static Node write(const Type& value);                                                    \
    static std::string type(const Limits& limits);                                           \
    static Node json_schema(const Limits& limits);                                           \
  }
DL_CODEC(bool);
DL_CODEC(int);
DL_CODEC(int64_t);
DL_CODEC(double);
DL_CODEC(std::string);
DL_CODEC(Pair);
DL_CODEC(Triple);
DL_CODEC(Duration);
DL_CODEC(Bytes);
DL_CODEC(Node);  // any value, left as it is
#undef DL_CODEC

// The field's own advice for this value, else `known`, else what it says of any.
std::string help_of(const Node& node, const Limits& limits, const std::string& known);
bool says_none(const Node& node);  // None, nil and the like, which are strings in YAML

// Whether a value is read without a problem, of those that `limits` say nothing of.
template <class T>
bool is_taken(const Node& node, const Limits& limits) {
  std::vector<Problem> problems;
  T ignored{};
  return Codec<T>::read(node, ignored, limits, Reading(problems));
}

// Without a value: null, or the key not given.
template <class T>
struct Codec<std::optional<T>> {
  static bool read(const Node& node, std::optional<T>& value, const Limits& limits, const Reading& r) {
    if (node.is_null()) {
      value.reset();
      return true;
    }
    if constexpr (!std::is_same_v<T, std::string>) {
      if (says_none(node)) {
        r.expected(node, Codec<T>::type(limits), help_of(node, limits, "write null, or leave the key out"));
        return false;
      }
    }
    T read_value{};
    if (node.as_bool() == false && !is_taken<T>(node, limits)) {
      r.expected(node, Codec<T>::type(limits), "write null, or leave the key out");
      return false;
    }
    if (!Codec<T>::read(node, read_value, limits, r)) return false;
    value = std::move(read_value);
    return true;
  }
  static auto inner() requires requires { Codec<T>::inner(); }
  { return Codec<T>::inner(); }
  static auto registry() requires requires { Codec<T>::registry(); }
  { return Codec<T>::registry(); }
  static Node write(const std::optional<T>& value) { return value ? Codec<T>::write(*value) : Node::null(); }
  static std::string type(const Limits& limits) { return Codec<T>::type(limits); }
  static Node json_schema(const Limits& limits);
};

// A list; a single value that is no list is refused.
template <class T>
struct Codec<std::vector<T>> {
  static bool read(const Node& node, std::vector<T>& value, const Limits& limits, const Reading& r);
  static Node write(const std::vector<T>& value) {
    Node out = Node::list();
    for (const T& item : value) out.items.push_back(Codec<T>::write(item));
    return out;
  }
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
  static auto inner() requires requires { Codec<T>::inner(); }
  { return Codec<T>::inner(); }
  static auto registry() requires requires { Codec<T>::registry(); }
  { return Codec<T>::registry(); }
};

// A map from names that the user chooses.
template <class T>
struct Codec<std::map<std::string, T>> {
  static bool read(const Node& node, std::map<std::string, T>& value, const Limits& limits, const Reading& r);
  static Node write(const std::map<std::string, T>& value) {
    Node out = Node::map();
    for (const auto& [key, item] : value) out.set(key, Codec<T>::write(item));
    return out;
  }
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
  static auto inner() requires requires { Codec<T>::inner(); }
  { return by_name(Codec<T>::inner()); }
};

namespace json_schema {  // pieces of JSON Schema
Node list_of(Node item);
Node map_of(Node item);
Node or_null(Node value);
}  // namespace json_schema

// What to write for a value that is no list.
std::string list_help(const Node& node);
Node map_as_list(const Node& map);               // {flip: true, rotate: 10} as [flip, {rotate: 10}]
std::string list_type(const std::string& item);  // "a number" -> "a list of numbers"
std::string map_type(const std::string& item);   // "a number" -> "a map of numbers"

template <class T>
Node Codec<std::optional<T>>::json_schema(const Limits& limits) {
  return json_schema::or_null(Codec<T>::json_schema(limits));
}

// An element of a list or a map: unlike a member, a pointer must not be null.
template <class T>
bool read_element(const Node& node, T& value, const Limits& limits, const Reading& r) {
  if constexpr (requires { value == nullptr; }) {
    if (node.is_null()) {
      r.expected(node, Codec<T>::type(limits));
      return false;
    }
  }
  return Codec<T>::read(node, value, limits, r);
}

template <class T>
bool Codec<std::vector<T>>::read(const Node& node, std::vector<T>& value, const Limits& limits, const Reading& r) {
  if (!node.is_list()) {
    r.expected(node, type(limits),
               node.is_scalar()                        ? help_of(node, limits, list_help(node))
               : node.is_map() && !limits.help.empty() ? limits.help
                                                       : list_help(node));
    if constexpr (requires { Codec<T>::registry(); })  // what is wrong with the items themselves
      if (node.is_map()) read(map_as_list(node), value, limits, r);
    return false;
  }
  std::vector<T> read_items(node.items.size());
  bool good = true;
  for (size_t i = 0; i < node.items.size(); ++i) {
    T item{};
    good = read_element(node.items[i], item, limits, r.index(i)) && good;
    read_items[i] = std::move(item);
  }
  if (good) value = std::move(read_items);
  return good;
}
template <class T>
std::string Codec<std::vector<T>>::type(const Limits& limits) {
  return list_type(Codec<T>::type(limits));
}
template <class T>
Node Codec<std::vector<T>>::json_schema(const Limits& limits) {
  return json_schema::list_of(Codec<T>::json_schema(limits));
}

template <class T>
bool Codec<std::map<std::string, T>>::read(const Node& node, std::map<std::string, T>& value, const Limits& limits,
                                           const Reading& r) {
  if (!node.is_map()) {
    r.expected(node, type(limits), limits.help);
    return false;
  }
  std::map<std::string, T> read_entries;
  bool good = true;
  for (const Node::Entry& entry : node.entries) {
    T item{};
    good = read_element(entry.value, item, limits, r.key(entry.key)) && good;
    read_entries.emplace(entry.key, std::move(item));
  }
  if (good) value = std::move(read_entries);
  return good;
}
template <class T>
std::string Codec<std::map<std::string, T>>::type(const Limits& limits) {
  return map_type(Codec<T>::type(limits));
}
template <class T>
Node Codec<std::map<std::string, T>>::json_schema(const Limits& limits) {
  return json_schema::map_of(Codec<T>::json_schema(limits));
}

}  // namespace dl
