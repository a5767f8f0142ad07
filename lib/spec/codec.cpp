// Codecs of the plain types.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/codec.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/base/text.h"
#include "lib/spec/codec_parts.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"
#include "lib/spec/write.h"

namespace dl {
namespace {

// A tuple as Python writes it: "(3, 3)" -> "[3, 3]".
std::string tuple_help(const Node& node) {
  if (!node.is_scalar() || !node.text.starts_with("(") || !node.text.ends_with(")")) return "";
  return "write [" + node.text.substr(1, node.text.size() - 2) + "]";
}

template <class Integer>
bool read_integer(const Node& node, Integer& value, const Limits& limits, const Reading& r) {
  const auto number = codec::whole_number(node);
  const bool fits =
      number && *number >= std::numeric_limits<Integer>::min() && *number <= std::numeric_limits<Integer>::max();
  if (!fits || !codec::within(static_cast<double>(*number), limits)) {
    const bool too_large = !limits.at_most && node.as_number() &&
                           std::abs(*node.as_number()) > static_cast<double>(std::numeric_limits<Integer>::max());
    r.expected(node, Codec<Integer>::type(limits),
               too_large ? concat("write a number up to ", std::numeric_limits<Integer>::max())
                         : help_of(node, limits, codec::number_help(node, true)));
    return false;
  }
  value = static_cast<Integer>(*number);
  return true;
}

// The choice that was meant: the nearest, or one that begins as the value does ("bf16": bf16-mixed).
std::string choice_help(const Node& node, const Limits& limits) {
  if (!node.is_scalar()) return "";
  std::string meant = closest(node.text, limits.one_of);
  for (const std::string& choice : limits.one_of)
    if (meant.empty() && !node.text.empty() && (choice.starts_with(node.text) || node.text.starts_with(choice)))
      meant = choice;
  if (meant.empty()) return codec::comment_help(node);
  return "write '" + meant + "'";
}

}  // namespace

std::string help_of(const Node& node, const Limits& limits, const std::string& known) {
  for (const auto& [value, help] : limits.instead_of)
    if (node.is_scalar() && same_word(value, node.text)) return help;
  return known.empty() ? limits.help : known;
}

bool says_none(const Node& node) {
  return node.is_scalar() && !node.quoted && (same_word(node.text, "none") || same_word(node.text, "nil"));
}

bool Codec<bool>::read(const Node& node, bool& value, const Limits& limits, const Reading& r) {
  if (const auto flag = node.as_bool()) {
    value = *flag;
    return true;
  }
  const auto is = [&](std::initializer_list<const char*> words) {
    return node.is_scalar() && std::find(words.begin(), words.end(), node.text) != words.end();
  };
  const char* meant = is({"yes", "Yes", "on", "On", "1", "y", "true"})                             ? "write true"
                      : is({"no", "No", "off", "Off", "0", "n", "false", "none", "None", "never"}) ? "write false"
                                                                                                   : "";
  r.expected(node, type(limits), help_of(node, limits, *meant ? meant : codec::comment_help(node)));
  return false;
}
Node Codec<bool>::write(const bool& value) { return Node::boolean(value); }
std::string Codec<bool>::type(const Limits&) { return "true or false"; }
Node Codec<bool>::json_schema(const Limits&) { return codec::schema_of_type("boolean"); }

bool Codec<int>::read(const Node& node, int& value, const Limits& limits, const Reading& r) {
  return read_integer(node, value, limits, r);
}
Node Codec<int>::write(const int& value) { return Node::integer(value); }
std::string Codec<int>::type(const Limits& limits) { return codec::with_range("an integer", limits); }
Node Codec<int>::json_schema(const Limits& limits) { return codec::schema_with_range("integer", limits); }

bool Codec<int64_t>::read(const Node& node, int64_t& value, const Limits& limits, const Reading& r) {
  return read_integer(node, value, limits, r);
}
Node Codec<int64_t>::write(const int64_t& value) { return Node::integer(value); }
std::string Codec<int64_t>::type(const Limits& limits) { return codec::with_range("an integer", limits); }
Node Codec<int64_t>::json_schema(const Limits& limits) { return codec::schema_with_range("integer", limits); }

bool Codec<double>::read(const Node& node, double& value, const Limits& limits, const Reading& r) {
  const auto number = node.as_number();
  if (!number || !codec::within(*number, limits)) {
    std::string help = codec::number_help(node, false);
    if (help.empty() && limits.help.empty() && number) help = codec::share_help(*number, limits);
    r.expected(node, type(limits), help_of(node, limits, help));
    return false;
  }
  value = *number;
  return true;
}
Node Codec<double>::write(const double& value) { return Node::number(value); }
std::string Codec<double>::type(const Limits& limits) { return codec::with_range("a number", limits); }
Node Codec<double>::json_schema(const Limits& limits) { return codec::schema_with_range("number", limits); }

bool Codec<std::string>::read(const Node& node, std::string& value, const Limits& limits, const Reading& r) {
  const auto text = node.as_string();
  if (!text) {
    const bool quoted_helps = node.is_scalar() && !node.as_bool() && limits.one_of.empty() && limits.help.empty();
    const std::string quotes = quoted_helps ? "write \"" + node.text + "\"" : "";
    r.expected(node, type(limits), help_of(node, limits, quotes.empty() ? choice_help(node, limits) : quotes));
    return false;
  }
  if (!limits.one_of.empty() && std::find(limits.one_of.begin(), limits.one_of.end(), *text) == limits.one_of.end()) {
    r.expected(node, type(limits), help_of(node, limits, choice_help(node, limits)));
    return false;
  }
  value = *text;
  return true;
}
Node Codec<std::string>::write(const std::string& value) { return Node::string(value); }
std::string Codec<std::string>::type(const Limits& limits) {
  return limits.one_of.empty() ? "a string" : "one of " + join(limits.one_of);
}
Node Codec<std::string>::json_schema(const Limits& limits) {
  Node out = codec::schema_of_type("string");
  if (limits.one_of.empty()) return out;
  Node& values = out.set("enum", Node::list());
  for (const std::string& word : limits.one_of) values.items.push_back(Node::string(word));
  return out;
}

bool Codec<Node>::read(const Node& node, Node& value, const Limits&, const Reading&) {
  value = node;
  return true;
}
Node Codec<Node>::write(const Node& value) { return value; }
std::string Codec<Node>::type(const Limits& limits) { return limits.type.empty() ? "a value" : limits.type; }
Node Codec<Node>::json_schema(const Limits&) { return Node::map(); }

namespace json_schema {

Node list_of(Node item) {
  Node out = codec::schema_of_type("array");
  out.set("items", std::move(item));
  return out;
}

Node map_of(Node item) {
  Node out = codec::schema_of_type("object");
  out.set("additionalProperties", std::move(item));
  return out;
}

Node or_null(Node value) { return codec::any_of({std::move(value), codec::schema_of_type("null")}); }

}  // namespace json_schema

namespace {

// "a number above 0" -> "numbers above 0"
std::string several(const std::string& type) {
  const size_t article = type.starts_with("a ") ? 2 : type.starts_with("an ") ? 3 : 0;
  if (article == 0) return "values, each " + type;
  size_t end = std::min(type.find_first_of(" ,", article), type.size());
  if (std::ranges::count(type, ' ') == 2 && type.find(',') == type.npos) end = type.size();  // a batch transform
  return plural(type.substr(article, end - article)) + type.substr(end);
}

}  // namespace

namespace {

// The one kind that each key of a map, or else its value, names a type of; null where there is none.
const AnyRegistry* registry_of(const Node& map) {
  for (const AnyRegistry* registry : AnyRegistry::all()) {
    const auto is_named = [&](const Node::Entry& entry) {
      const std::string value = entry.value.is_map() && entry.value.entries.size() == 1
                                    ? entry.value.entries[0].key
                                    : entry.value.as_string().value_or("");
      return !registry->meant(entry.key).name.empty() || (!value.empty() && registry->has(value));
    };
    if (std::ranges::all_of(map.entries, is_named)) return registry;
  }
  return nullptr;
}

}  // namespace

std::string list_help(const Node& node) {
  if (const std::string tuple = tuple_help(node); !tuple.empty()) return tuple;
  if (node.is_scalar()) return "write it in brackets: [" + node.text + "]";
  if (!node.is_map() || node.entries.empty()) return "";
  constexpr size_t longest = 120;
  const std::string line = to_yaml_line(map_as_list(node));
  return !registry_of(node) || line.size() > longest ? "write a list: '- ' before each, or brackets around all"
                                                     : "write " + line;
}

Node map_as_list(const Node& map) {
  const AnyRegistry* registry = registry_of(map);
  Node list = Node::list();
  list.where = map.where;
  for (const Node::Entry& entry : map.entries) {
    if (entry.value.as_bool() == false) continue;
    const std::string value = entry.value.as_string().value_or("");
    const std::string named = registry ? registry->meant(value).name : "";
    std::string name = registry ? registry->meant(entry.key).name : "";
    // {zoom: 0.2} is no {affine: 0.2}: the item says itself what it is.
    if (name.empty() || (entry.value.as_number() && !same_word(name, entry.key))) name = entry.key;
    Node item = Node::string(name);
    if (!named.empty() && (named == name || registry->meant(entry.key).name.empty()))
      item = Node::string(named);  // {acc: accuracy}
    else if (entry.value.is_map() && registry && !registry->has(name) && entry.value.entries.size() == 1)
      item = entry.value;  // {top: {accuracy: {top_k: 5}}}
    else if (!entry.value.is_null() && entry.value.as_bool() != true)
      item = Node::map(), item.set(name, entry.value);
    item.where = entry.key_where;
    list.items.push_back(std::move(item));
  }
  return list;
}

std::string list_type(const std::string& item) { return "a list of " + several(item); }
std::string map_type(const std::string& item) { return "a map of " + several(item); }

}  // namespace dl
