// Codecs of the plain types.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/codec.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <limits>
#include <span>

#include "lib/base/text.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"
#include "lib/spec/write.h"

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

std::optional<double> number_in(std::string_view text) { return Node::scalar(std::string(trim(text))).as_number(); }

// "0.1#later": a comment that became part of the value.
std::string comment_help(const Node& node) {
  const size_t sign = node.is_scalar() && !node.quoted ? node.text.find('#') : std::string::npos;
  return sign == std::string::npos || sign == 0
             ? ""
             : "write a space before '#': " + shortened(node.text.substr(0, sign)) + " #…";
}

// A variable as other programs write it: "$width", "{{ width }}".
std::string variable_help(std::string_view text) {
  const bool braces = text.starts_with("{{") && text.ends_with("}}");
  if (!braces && !(text.starts_with("$") && text.size() > 1 && std::isalpha(static_cast<unsigned char>(text[1]))))
    return "";
  const std::string name(trim(braces ? text.substr(2, text.size() - 4) : text.substr(1)));
  return "write ${variables." + name + "}, and 'variables: {" + name + ": …}' at the top of the config";
}

// What number is meant by a value that is none: "0,001", "60,000", "60_000", "10%", "10 epochs", "'3'", "1/3", [64].
std::string number_help(const Node& node, bool whole) {
  if (node.is_list() && !node.items.empty() && node.items.back().as_number())
    return (node.items.size() == 1 ? "write it without brackets: " : "write one number: ") + node.items.back().text;
  if (node.is_map() && !node.entries.empty() && node.entries[0].value.as_number())
    return "write one number: " + node.entries[0].value.text;
  if (!node.is_scalar()) return "";
  const std::string text(trim(node.text));
  if (std::string help = variable_help(text); !help.empty()) return help;
  if (text.starts_with("data.") && text.find(' ') == text.npos) return "write ${" + text + "}";
  if (number_in(text)) return node.quoted ? "write " + text + " without quotes" : "";
  if (const std::string comment = comment_help(node); !comment.empty()) return comment;
  std::string digits = text;
  if (whole && text[0] != '0') std::erase_if(digits, [](char c) { return c == ',' || c == '.'; });
  std::erase_if(digits, [](char c) { return c == '_' || c == ' ' || c == '\''; });
  if (number_in(digits)) return "write " + digits;
  if (std::count(text.begin(), text.end(), ',') == 1) {
    std::string point = text;
    point[point.find(',')] = '.';
    if (number_in(point)) return "write " + point;
  }
  if (text.ends_with('%'))
    if (const auto percent = number_in(std::string_view(text).substr(0, text.size() - 1)))
      return "write " + number_text(*percent / 100);
  const bool arithmetic = text.find_first_not_of("0123456789.+-*/() e") == std::string::npos;
  if (arithmetic && text.find_first_of("*/+") != std::string::npos && text.find("**") == std::string::npos)
    return "write ${" + text + "}";
  constexpr size_t longest = 32;
  size_t end = std::min(text.size(), longest);
  while (end > 0 && !number_in(std::string_view(text).substr(0, end))) --end;
  const size_t unit = std::min(text.find_first_not_of(' ', end), text.size());
  const auto number = number_in(std::string_view(text).substr(0, end));
  if (number && text.substr(unit) == "k") return "write " + number_text(*number * 1000);
  const bool word = unit < text.size() && std::isalpha(static_cast<unsigned char>(text[unit])) != 0;
  if (word && number) return "write " + std::string(trim(std::string_view(text).substr(0, end)));
  return "";
}

// A tuple as Python writes it: "(3, 3)" -> "[3, 3]".
std::string tuple_help(const Node& node) {
  if (!node.is_scalar() || !node.text.starts_with("(") || !node.text.ends_with(")")) return "";
  return "write [" + node.text.substr(1, node.text.size() - 2) + "]";
}

template <class Integer>
bool read_integer(const Node& node, Integer& value, const Limits& limits, const Reading& r) {
  const auto number = whole_number(node);
  const bool fits =
      number && *number >= std::numeric_limits<Integer>::min() && *number <= std::numeric_limits<Integer>::max();
  if (!fits || !within(static_cast<double>(*number), limits)) {
    const bool too_large = !limits.at_most && node.as_number() &&
                           std::abs(*node.as_number()) > static_cast<double>(std::numeric_limits<Integer>::max());
    r.expected(node, Codec<Integer>::type(limits),
               too_large ? concat("write a number up to ", std::numeric_limits<Integer>::max())
                         : help_of(node, limits, number_help(node, true)));
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

// Where a field does not say, all but a share of the run.
bool is_allowed(Duration::Unit unit, const Limits& limits) {
  return limits.units.empty() ? unit != Duration::Unit::percent : std::ranges::count(limits.units, unit) > 0;
}

// The units a duration may have, each shown: "'500 steps', '2 epochs' or '10 min'".
std::string duration_forms(const Limits& limits) {
  const auto allowed = [&](Duration::Unit unit) { return is_allowed(unit, limits); };
  std::vector<std::string> forms;
  if (allowed(Duration::Unit::steps)) forms.push_back("'500 steps'");
  if (allowed(Duration::Unit::epochs)) forms.push_back("'2 epochs'");
  if (allowed(Duration::Unit::samples)) forms.push_back("'20000 samples'");
  if (allowed(Duration::Unit::seconds)) forms.push_back("'10 min'");
  if (allowed(Duration::Unit::percent)) forms.push_back("'10%'");
  if (forms.size() == 1) return forms[0];
  const std::string last = forms.back();
  forms.pop_back();
  return join(forms) + " or " + last;
}

// "12:30:00", hours, minutes, seconds, as Lightning takes a time; with days before them where there are four.
std::optional<Duration> clock_time(std::string_view text) {
  double seconds = 0;
  int parts = 0;
  for (size_t at = 0; at <= text.size(); ++parts) {
    const size_t end = std::min(text.find(':', at), text.size());
    const auto part = number_in(text.substr(at, end - at));
    if (!part) return {};
    seconds = seconds * (parts == 1 && std::count(text.begin(), text.end(), ':') == 3 ? 24 : 60) + *part;
    at = end + 1;
  }
  return parts < 3 || parts > 4 ? std::nullopt : std::optional(Duration::seconds(seconds));
}

// The unit of a word that other programs have for it; empty where it is none.
std::string_view unit_meant(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> others[] = {{"iterations", "steps"},
                                                                      {"iteration", "step"},
                                                                      {"iters", "steps"},
                                                                      {"iter", "steps"},
                                                                      {"it", "steps"},
                                                                      {"updates", "steps"},
                                                                      {"batches", "steps"},
                                                                      {"batch", "step"},
                                                                      {"images", "samples"},
                                                                      {"examples", "samples"},
                                                                      {"ep", "epochs"},
                                                                      {"e", "epochs"},
                                                                      {"m", "min"},
                                                                      {"mins", "min"},
                                                                      {"hr", "h"},
                                                                      {"hrs", "h"},
                                                                      {"secs", "s"}};
  for (const auto& [other, ours] : others)
    if (same_word(word, other)) return ours;
  return word;
}

// "1h30m" and {hours: 1, minutes: 30}: the sum of times; none where a part is no time.
std::optional<Duration> sum_of_times(const Node& node) {
  std::string text;
  for (const Node::Entry& entry : node.entries) text += entry.value.text + entry.key;
  if (node.is_scalar()) text = node.text;
  double seconds = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t unit = std::min(text.find_first_not_of("0123456789. ", at), text.size());
    const size_t end = std::min(text.find_first_of("0123456789.", unit), text.size());
    const std::string_view word = unit_meant(trim(std::string_view(text).substr(unit, end - unit)));
    const auto part = Duration::parse(concat(trim(std::string_view(text).substr(at, unit - at)), " ", word));
    if (!part || part->unit != Duration::Unit::seconds) return {};
    seconds += part->value;
    at = end;
  }
  return seconds > 0 ? std::optional(Duration::seconds(seconds)) : std::nullopt;
}

// Of a number without a unit: "write '5 epochs' or '5 steps'".
std::string units_help(double number, const std::function<bool(Duration::Unit)>& allowed) {
  std::vector<std::string> forms;
  const auto add = [&](const Duration& duration) {
    if (allowed(duration.unit)) forms.push_back("'" + duration.text() + "'");
  };
  add(Duration::epochs(number));
  if (number == std::floor(number)) add(Duration::steps(number));
  if (forms.empty())
    for (const char* unit : {"h", "min", "s"}) add(*Duration::parse(concat(number_text(number), " ", unit)));
  return forms.empty() ? "" : "write " + join(forms, " or ");
}

std::string duration_help(const Node& node, const Limits& limits) {
  const auto allowed = [&](Duration::Unit unit) { return is_allowed(unit, limits); };
  if (node.is_scalar()) {
    if (const std::string comment = comment_help(node); !comment.empty()) return comment;
    if (const auto time = clock_time(node.text); time && allowed(Duration::Unit::seconds))
      return "write '" + time->text() + "'";
    const size_t unit = std::min(node.text.find_first_not_of("0123456789. "), node.text.size());
    const std::string number(trim(node.text.substr(0, unit))), word(trim(node.text.substr(unit)));
    if (const std::string ours(unit_meant(word)); number_in(number) && ours != word)
      if (const auto meant = Duration::parse(concat(number, " ", ours)); meant && allowed(meant->unit))
        return concat("write '", number, " ", ours, "'");
  }
  if (const auto times = sum_of_times(node); times && allowed(Duration::Unit::seconds))
    return "write '" + times->text() + "'";
  if (const auto part = node.as_number(); part && *part > 0 && *part < 1 && allowed(Duration::Unit::epochs))
    return "write '" + node.text + " epochs'";
  if (const auto number = node.as_number(); number && *number > 0 && std::isfinite(*number))
    if (std::string help = units_help(*number, allowed); !help.empty()) return help;
  return limits.help.empty() ? "write it as " + duration_forms(limits) : "";
}

std::string bytes_help(const Node& node) {
  if (node.is_scalar()) {
    const size_t unit = std::min(node.text.find_first_not_of("0123456789. "), node.text.size());
    const std::string number(trim(node.text.substr(0, unit))), word(trim(node.text.substr(unit)));
    for (const auto& [other, ours] : {std::pair{"g", "GiB"},
                                      {"gb", "GB"},
                                      {"gib", "GiB"},
                                      {"gig", "GiB"},
                                      {"m", "MiB"},
                                      {"mb", "MB"},
                                      {"mib", "MiB"},
                                      {"k", "KiB"},
                                      {"kb", "KB"},
                                      {"kib", "KiB"},
                                      {"t", "TiB"},
                                      {"tb", "TB"}})
      if (same_word(word, other) && Bytes::parse(concat(number, " ", ours)))
        return concat("write '", number, " ", ours, "'");
  }
  return "write it as '512 MiB', '1.5 GB' or a number of bytes";
}

// The choice that was meant: the nearest, or one that begins as the value does ("bf16": bf16-mixed).
std::string choice_help(const Node& node, const Limits& limits) {
  if (!node.is_scalar()) return "";
  std::string meant = closest(node.text, limits.one_of);
  for (const std::string& choice : limits.one_of)
    if (meant.empty() && !node.text.empty() && (choice.starts_with(node.text) || node.text.starts_with(choice)))
      meant = choice;
  if (meant.empty()) return comment_help(node);
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
  r.expected(node, type(limits), help_of(node, limits, *meant ? meant : comment_help(node)));
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
    r.expected(node, type(limits), help_of(node, limits, number_help(node, false)));
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
  Node out = schema_of_type("string");
  if (limits.one_of.empty()) return out;
  Node& values = out.set("enum", Node::list());
  for (const std::string& word : limits.one_of) values.items.push_back(Node::string(word));
  return out;
}

namespace {

// "224x224", "(3, 3)", [224, 224, 3] and {height: 3, width: 5} as so many sizes: "write [224, 224]". A last one more is
// the number of channels.
std::string sizes_help(const Node& node, size_t count) {
  std::vector<std::string> sizes;
  if (node.is_scalar()) {
    std::string text;
    for (const char c : node.text)
      if (std::string_view("()[] ").find(c) == std::string_view::npos) text += c;
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find_first_of("xX*,", begin), text.size());
      sizes.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  for (const Node& item : node.items) sizes.push_back(item.text);
  for (const char* key : {"depth", "height", "width"})
    if (const Node* size = node.find(key)) sizes.push_back(size->text);
  if (sizes.size() == count + 1) sizes.pop_back();
  const bool whole =
      std::ranges::all_of(sizes, [](const std::string& size) { return whole_number(Node::scalar(size)).has_value(); });
  return whole && sizes.size() == count ? "write [" + join(sizes) + "]" : "";
}

// A number for all sizes, or a list of one for each.
bool read_sizes(const Node& node, std::span<int64_t> sizes, const std::string& type, const Limits& limits,
                const Reading& r) {
  if (node.is_list() && node.items.size() == sizes.size()) {
    bool all = true;
    for (size_t i = 0; i < sizes.size(); ++i) all &= Codec<int64_t>::read(node.items[i], sizes[i], limits, r.index(i));
    return all;
  }
  const auto number = whole_number(node);
  if (!number || !within(static_cast<double>(*number), limits)) {
    const std::string each = sizes_help(node, sizes.size());
    r.expected(node, type, help_of(node, limits, each.empty() ? number_help(node, true) : each));
    return false;
  }
  std::fill(sizes.begin(), sizes.end(), *number);
  return true;
}

Node write_sizes(std::span<const int64_t> sizes) {
  if (std::all_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size == sizes[0]; }))
    return Node::integer(sizes[0]);
  std::vector<Node> each;
  for (const int64_t size : sizes) each.push_back(Node::integer(size));
  return Node::list(std::move(each));
}

Node schema_of_sizes(int64_t count, const Limits& limits) {
  Node all = schema_with_range("integer", limits);
  Node each = json_schema::list_of(all);
  each.set("minItems", Node::integer(count));
  each.set("maxItems", Node::integer(count));
  return any_of({std::move(all), std::move(each)});
}

}  // namespace

bool Codec<Pair>::read(const Node& node, Pair& value, const Limits& limits, const Reading& r) {
  std::array<int64_t, 2> sizes{};
  if (!read_sizes(node, sizes, type(limits), limits, r)) return false;
  value = {sizes[0], sizes[1]};
  return true;
}
Node Codec<Pair>::write(const Pair& value) { return write_sizes(std::array{value.h, value.w}); }
std::string Codec<Pair>::type(const Limits& limits) {
  return with_range("an integer", limits) + ", or [height, width]";
}
Node Codec<Pair>::json_schema(const Limits& limits) { return schema_of_sizes(2, limits); }

bool Codec<Triple>::read(const Node& node, Triple& value, const Limits& limits, const Reading& r) {
  std::array<int64_t, 3> sizes{};
  if (!read_sizes(node, sizes, type(limits), limits, r)) return false;
  value = {sizes[0], sizes[1], sizes[2]};
  return true;
}
Node Codec<Triple>::write(const Triple& value) { return write_sizes(std::array{value.d, value.h, value.w}); }
std::string Codec<Triple>::type(const Limits& limits) {
  return with_range("an integer", limits) + ", or [depth, height, width]";
}
Node Codec<Triple>::json_schema(const Limits& limits) { return schema_of_sizes(3, limits); }

bool Codec<Duration>::read(const Node& node, Duration& value, const Limits& limits, const Reading& r) {
  const auto duration = node.is_scalar() ? Duration::parse(node.text, limits.unit) : std::nullopt;
  const bool allowed = duration && is_allowed(duration->unit, limits);
  // Elsewhere 1 is a step and 1.0 an epoch.
  const bool part = limits.unit == Duration::Unit::steps && node.as_number().value_or(0) > 0 &&
                    node.text.find('.') != std::string::npos;
  if (!allowed || part || !within(duration->value, limits)) {
    r.expected(node, type(limits), help_of(node, limits, duration_help(node, limits)));
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
    r.expected(node, type(limits), help_of(node, limits, bytes_help(node)));
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
std::string Codec<Node>::type(const Limits& limits) { return limits.type.empty() ? "a value" : limits.type; }
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
