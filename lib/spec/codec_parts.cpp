// Ranges and numbers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/codec_parts.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "lib/base/text.h"

namespace dl::codec {

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

std::optional<int64_t> whole_number(const Node& node) {
  if (const auto integer = node.as_integer()) return integer;
  constexpr double exact = 0x1p53;  // doubles count without gaps up to here
  const auto number = node.as_number();
  if (!number || std::abs(*number) > exact || *number != std::floor(*number)) return {};
  return static_cast<int64_t>(*number);
}

std::optional<double> number_in(std::string_view text) { return Node::scalar(std::string(trim(text))).as_number(); }

std::string comment_help(const Node& node) {
  const size_t sign = node.is_scalar() && !node.quoted ? node.text.find('#') : std::string::npos;
  return sign == std::string::npos || sign == 0
             ? ""
             : "write a space before '#': " + shortened(node.text.substr(0, sign)) + " #…";
}

namespace {

// A variable as other programs write it: "$width", "{{ width }}".
std::string variable_help(std::string_view text) {
  const bool braces = text.starts_with("{{") && text.ends_with("}}");
  if (!braces && !(text.starts_with("$") && text.size() > 1 && std::isalpha(static_cast<unsigned char>(text[1]))))
    return "";
  const std::string name(trim(braces ? text.substr(2, text.size() - 4) : text.substr(1)));
  if (name.find('.') != name.npos) return "write ${" + name + "}";
  return "write ${variables." + name + "}, and 'variables: {" + name + ": …}' at the top of the config";
}

// "10^-3" and "3 * 10**-4": "1e-3", "3e-4"; empty where a text is no such number.
std::string power_of_ten(std::string text) {
  std::erase(text, ' ');
  for (size_t stars = text.find("**"); stars != text.npos; stars = text.find("**")) text.replace(stars, 2, "^");
  const size_t ten = text.find("10^");
  if (ten == text.npos || (ten > 0 && text[ten - 1] != '*')) return "";
  const std::string number = (ten > 0 ? text.substr(0, ten - 1) : "1") + "e" + text.substr(ten + 3);
  return number_in(number) ? number : "";
}

// Without the signs that part its thousands, 60,000 or 1_024; as it is where they do not stand so.
std::string without_thousands(std::string_view text, std::string_view signs) {
  std::string digits;
  bool first = true;
  size_t since = 0;  // digits behind the last sign
  for (const char c : text) {
    if (signs.find(c) == signs.npos) {
      digits += c;
      ++since;
    } else if (since == 0 || (!first && since != 3)) {
      return std::string(text);
    } else {
      first = false;
      since = 0;
    }
  }
  return first || since == 3 ? digits : std::string(text);
}

// Of a number that came of references: what to write that is whole, or is reckoned within one reference.
std::string reference_help(const Node& node, bool whole) {
  std::string inside = node.via.substr(0, node.via.find(" = "));  // as it is written, before what that stands for
  if (inside.empty() || inside.find("${env:") != inside.npos) return "";
  if (const size_t slash = inside.find('/'); whole && node.as_number() && slash != inside.npos)
    return inside[slash + 1] == '/' ? "" : "write " + inside.insert(slash, "/") + ", which leaves the rest out";
  if (node.as_number() || node.text.find_first_not_of("0123456789.+-*/() e") != node.text.npos) return "";
  for (const std::string_view sign : {"${", "}"})
    for (size_t at = inside.find(sign); at != inside.npos; at = inside.find(sign)) inside.erase(at, sign.size());
  return "write ${" + inside + "}";
}

}  // namespace

std::string share_help(double number, const Limits& limits) {
  const bool is_share = limits.at_least.value_or(limits.above.value_or(-1)) >= 0 &&
                        limits.at_most.value_or(limits.below.value_or(2)) <= 1;
  if (!is_share || number < 2 || number != std::floor(number) || !within(number / 100, limits)) return "";
  return concat("write ", number_text(number / 100), " where ", number_text(number), " % are meant");
}

std::string number_help(const Node& node, bool whole) {
  if (node.is_list() && !node.items.empty() && node.items.back().as_number())
    return (node.items.size() == 1 ? "write it without brackets: " : "write one number: ") + node.items.back().text;
  if (node.is_map() && !node.entries.empty() && node.entries[0].value.as_number())
    return "write one number: " + node.entries[0].value.text;
  if (!node.is_scalar()) return "";
  const std::string text(trim(node.text));
  if (std::string help = reference_help(node, whole); !help.empty()) return help;
  if (std::string help = variable_help(text); !help.empty()) return help;
  if (text.starts_with("data.") && text.find(' ') == text.npos) return "write ${" + text + "}";
  if (number_in(text)) return node.quoted ? "write " + text + " without quotes" : "";
  if (const std::string comment = comment_help(node); !comment.empty()) return comment;
  if (text.size() > 1 && (text.back() == ',' || text.back() == ';'))
    if (const std::string number = text.substr(0, text.size() - 1); number_in(number)) return "write " + number;
  std::string digits = whole && !text.empty() && text[0] != '0' ? without_thousands(text, ",.") : text;
  std::erase_if(digits, [](char c) { return c == '_' || c == ' ' || c == '\''; });
  if (number_in(digits)) return "write " + digits;
  if (const std::string power = power_of_ten(text); !power.empty()) return "write " + power;
  if (std::count(text.begin(), text.end(), ',') == 1) {
    std::string point = text;
    point[point.find(',')] = '.';
    if (number_in(point)) return "write " + point;
  }
  if (text.ends_with('%'))
    if (const auto percent = number_in(std::string_view(text).substr(0, text.size() - 1)))
      return "write " + number_text(whole ? *percent : *percent / 100);
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

}  // namespace dl::codec
