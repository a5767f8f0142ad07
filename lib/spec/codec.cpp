// Codecs of the plain types.
#include "lib/spec/codec.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/base/text.h"

namespace dl {
namespace {

// "a number" -> "a number above 0 and at most 1"
std::string with_range(std::string type, const Limits& limits) {
  const char* link = " ";
  const auto add = [&](const std::optional<double>& bound, const char* word) {
    if (!bound) return;
    type += link + std::string(word) + " " + number_text(*bound);
    link = " and ";
  };
  add(limits.at_least, "at least");
  add(limits.above, "above");
  add(limits.at_most, "at most");
  add(limits.below, "below");
  return type;
}

bool within(double value, const Limits& limits) {
  return std::isfinite(value) && (!limits.at_least || value >= *limits.at_least) &&
         (!limits.above || value > *limits.above) && (!limits.at_most || value <= *limits.at_most) &&
         (!limits.below || value < *limits.below);
}

// 12, and 1e5 too where it is whole.
std::optional<int64_t> whole_number(const Node& node) {
  if (const auto integer = node.as_integer()) return integer;
  constexpr double exact = 0x1p53;  // doubles count without gaps up to here
  const auto number = node.as_number();
  if (!number || std::abs(*number) > exact || *number != std::floor(*number)) return {};
  return static_cast<int64_t>(*number);
}

// "0,001" is meant as 0.001; a number in quotes without them.
std::string number_help(const Node& node) {
  if (!node.is_scalar()) return "";
  Node plain = Node::scalar(node.text);
  if (plain.as_number()) return node.quoted ? "write " + node.text + " without quotes" : "";
  if (std::count(plain.text.begin(), plain.text.end(), ',') != 1) return "";
  plain.text[plain.text.find(',')] = '.';
  return plain.as_number() ? "write " + plain.text : "";
}

template <class Integer>
bool read_integer(const Node& node, Integer& value, const Limits& limits, const Reading& r) {
  const auto number = whole_number(node);
  const bool fits =
      number && *number >= std::numeric_limits<Integer>::min() && *number <= std::numeric_limits<Integer>::max();
  if (!fits || !within(static_cast<double>(*number), limits)) {
    const bool too_large =
        !limits.at_most && node.as_number() && std::abs(*node.as_number()) > std::numeric_limits<Integer>::max();
    r.expected(node, Codec<Integer>::type(limits),
               too_large ? concat("write a number up to ", std::numeric_limits<Integer>::max()) : number_help(node));
    return false;
  }
  value = static_cast<Integer>(*number);
  return true;
}

Node schema_with_range(const char* type, const Limits& limits) {
  Node out = Node::map();
  out.set("type", Node::string(type));
  if (limits.at_least) out.set("minimum", Node::number(*limits.at_least));
  if (limits.above) out.set("exclusiveMinimum", Node::number(*limits.above));
  if (limits.at_most) out.set("maximum", Node::number(*limits.at_most));
  if (limits.below) out.set("exclusiveMaximum", Node::number(*limits.below));
  return out;
}

Node any_of(std::vector<Node> choices) {
  Node out = Node::map();
  out.set("anyOf", Node::list(std::move(choices)));
  return out;
}

Node schema_of_type(const char* type) {
  Node out = Node::map();
  out.set("type", Node::string(type));
  return out;
}

// The units a duration may have, each shown: "'500 steps', '2 epochs' or '10 min'".
std::string duration_forms(const Limits& limits) {
  const auto allowed = [&](Duration::Unit unit) {
    return limits.units.empty() || std::find(limits.units.begin(), limits.units.end(), unit) != limits.units.end();
  };
  std::vector<std::string> forms;
  if (allowed(Duration::Unit::steps)) forms.push_back("'500 steps'");
  if (allowed(Duration::Unit::epochs)) forms.push_back("'2 epochs'");
  if (allowed(Duration::Unit::samples)) forms.push_back("'20000 samples'");
  if (allowed(Duration::Unit::seconds)) forms.push_back("'10 min'");
  if (forms.size() == 1) return forms[0];
  const std::string last = forms.back();
  forms.pop_back();
  return join(forms) + " or " + last;
}

}  // namespace

bool Codec<bool>::read(const Node& node, bool& value, const Limits& limits, const Reading& r) {
  if (const auto flag = node.as_bool()) {
    value = *flag;
    return true;
  }
  const auto is = [&](std::initializer_list<const char*> words) {
    return node.is_scalar() && std::find(words.begin(), words.end(), node.text) != words.end();
  };
  const char* meant = is({"yes", "Yes", "on", "On", "1", "y", "true"})    ? "write true"
                      : is({"no", "No", "off", "Off", "0", "n", "false"}) ? "write false"
                                                                          : "";
  r.expected(node, type(limits), meant);
  return false;
}
Node Codec<bool>::write(const bool& value) { return Node::boolean(value); }
std::string Codec<bool>::type(const Limits&) { return "true or false"; }
Node Codec<bool>::json_schema(const Limits&) { return schema_of_type("boolean"); }

bool Codec<int>::read(const Node& node, int& value, const Limits& limits, const Reading& r) {
  return read_integer(node, value, limits, r);
}
Node Codec<int>::write(const int& value) { return Node::integer(value); }
std::string Codec<int>::type(const Limits& limits) { return with_range("an integer", limits); }
Node Codec<int>::json_schema(const Limits& limits) { return schema_with_range("integer", limits); }

bool Codec<int64_t>::read(const Node& node, int64_t& value, const Limits& limits, const Reading& r) {
  return read_integer(node, value, limits, r);
}
Node Codec<int64_t>::write(const int64_t& value) { return Node::integer(value); }
std::string Codec<int64_t>::type(const Limits& limits) { return with_range("an integer", limits); }
Node Codec<int64_t>::json_schema(const Limits& limits) { return schema_with_range("integer", limits); }

bool Codec<double>::read(const Node& node, double& value, const Limits& limits, const Reading& r) {
  const auto number = node.as_number();
  if (!number || !within(*number, limits)) {
    r.expected(node, type(limits), number_help(node));
    return false;
  }
  value = *number;
  return true;
}
Node Codec<double>::write(const double& value) { return Node::number(value); }
std::string Codec<double>::type(const Limits& limits) { return with_range("a number", limits); }
Node Codec<double>::json_schema(const Limits& limits) { return schema_with_range("number", limits); }

bool Codec<std::string>::read(const Node& node, std::string& value, const Limits& limits, const Reading& r) {
  const auto text = node.as_string();
  if (!text) {
    r.expected(node, type(limits), node.is_scalar() && limits.one_of.empty() ? "write \"" + node.text + "\"" : "");
    return false;
  }
  if (!limits.one_of.empty() && std::find(limits.one_of.begin(), limits.one_of.end(), *text) == limits.one_of.end()) {
    const std::string meant = closest(*text, limits.one_of);
    r.expected(node, type(limits), meant.empty() ? "" : "write '" + meant + "'");
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
  Node out = schema_of_type("string");
  if (limits.one_of.empty()) return out;
  Node& values = out.set("enum", Node::list());
  for (const std::string& word : limits.one_of) values.items.push_back(Node::string(word));
  return out;
}

bool Codec<Pair>::read(const Node& node, Pair& value, const Limits& limits, const Reading& r) {
  if (node.is_list() && node.items.size() == 2) {
    Pair read_pair;
    const bool h = Codec<int64_t>::read(node.items[0], read_pair.h, limits, r.index(0));
    const bool w = Codec<int64_t>::read(node.items[1], read_pair.w, limits, r.index(1));
    if (h && w) value = read_pair;
    return h && w;
  }
  const auto both = whole_number(node);
  if (!both || !within(static_cast<double>(*both), limits)) {
    r.expected(node, type(limits), number_help(node));
    return false;
  }
  value = Pair(*both);
  return true;
}
Node Codec<Pair>::write(const Pair& value) {
  if (value.h == value.w) return Node::integer(value.h);
  return Node::list({Node::integer(value.h), Node::integer(value.w)});
}
std::string Codec<Pair>::type(const Limits& limits) {
  return with_range("an integer", limits) + ", or [height, width]";
}
Node Codec<Pair>::json_schema(const Limits& limits) {
  Node both = schema_with_range("integer", limits);
  Node two = json_schema::list_of(both);
  two.set("minItems", Node::integer(2));
  two.set("maxItems", Node::integer(2));
  return any_of({std::move(both), std::move(two)});
}

bool Codec<Duration>::read(const Node& node, Duration& value, const Limits& limits, const Reading& r) {
  const auto duration = node.is_scalar() ? Duration::parse(node.text, limits.unit) : std::nullopt;
  const bool allowed = duration && (limits.units.empty() || std::find(limits.units.begin(), limits.units.end(),
                                                                      duration->unit) != limits.units.end());
  if (!allowed || !within(duration->value, limits)) {
    r.expected(node, type(limits), "write it as " + duration_forms(limits));
    return false;
  }
  value = *duration;
  return true;
}
Node Codec<Duration>::write(const Duration& value) { return Node::string(value.text()); }
std::string Codec<Duration>::type(const Limits& limits) { return with_range("a duration", limits); }
Node Codec<Duration>::json_schema(const Limits& limits) {
  if (!limits.unit) return schema_of_type("string");
  return any_of({schema_of_type("string"), schema_with_range("number", limits)});
}

bool Codec<Bytes>::read(const Node& node, Bytes& value, const Limits& limits, const Reading& r) {
  const auto bytes = node.is_scalar() ? Bytes::parse(node.text) : std::nullopt;
  if (!bytes || !within(static_cast<double>(bytes->count), limits)) {
    r.expected(node, type(limits), "write it as '512 MiB', '1.5 GB' or a number of bytes");
    return false;
  }
  value = *bytes;
  return true;
}
Node Codec<Bytes>::write(const Bytes& value) { return Node::string(value.text()); }
std::string Codec<Bytes>::type(const Limits& limits) { return with_range("a size in bytes", limits); }
Node Codec<Bytes>::json_schema(const Limits& limits) {
  return any_of({schema_of_type("string"), schema_with_range("integer", limits)});
}

bool Codec<Node>::read(const Node& node, Node& value, const Limits&, const Reading&) {
  value = node;
  return true;
}
Node Codec<Node>::write(const Node& value) { return value; }
std::string Codec<Node>::type(const Limits&) { return "a value"; }
Node Codec<Node>::json_schema(const Limits&) { return Node::map(); }

namespace json_schema {

Node list_of(Node item) {
  Node out = schema_of_type("array");
  out.set("items", std::move(item));
  return out;
}

Node map_of(Node item) {
  Node out = schema_of_type("object");
  out.set("additionalProperties", std::move(item));
  return out;
}

Node or_null(Node value) { return any_of({std::move(value), schema_of_type("null")}); }

}  // namespace json_schema

namespace {

// "a number above 0" -> "numbers above 0"
std::string several(const std::string& type) {
  const size_t article = type.starts_with("a ") ? 2 : type.starts_with("an ") ? 3 : 0;
  if (article == 0) return "values, each " + type;
  const size_t end = std::min(type.find_first_of(" ,", article), type.size());
  return plural(type.substr(article, end - article)) + type.substr(end);
}

}  // namespace

std::string list_type(const std::string& item) { return "a list of " + several(item); }
std::string map_type(const std::string& item) { return "a map of " + several(item); }

}  // namespace dl
