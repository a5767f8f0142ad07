// Filling templates, and names and values as Python has them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "lib/base/text.h"

namespace dl::code {

std::string fill(const std::string& text, const std::map<std::string, std::string>& names) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == '{' ? text.find('}', at) : std::string::npos;
    const auto found = end == std::string::npos ? names.end() : names.find(text.substr(at + 1, end - at - 1));
    if (found == names.end()) {
      out += text[at++];
      continue;
    }
    out += found->second;
    at = end + 1;
  }
  return out;
}

std::string fill_call(std::string text, const std::map<std::string, std::string>& names) {
  for (size_t bar = text.find('|'); bar != std::string::npos; bar = text.find('|', bar)) {
    const size_t open = text.rfind('{', bar), close = text.find('}', bar);
    const std::string key = text.substr(open + 1, bar - open - 1), usual = text.substr(bar + 1, close - bar - 1);
    const auto found = names.find(key);
    const std::string value = found == names.end() ? usual : found->second;
    if (value != usual) {
      text.replace(open, close + 1 - open, value);
    } else {
      size_t begin = text.find_last_of("(,", open), end = close + 1;
      if (text[begin] == '(' && text.compare(end, 2, ", ") == 0) end += 2;
      if (text[begin] == '(') ++begin;
      text.erase(begin, end - begin);
      bar = begin;
      continue;
    }
    bar = open;
  }
  return fill(text, names);
}

namespace {

// Puts `sign` in the place of the colon, or leaves the name out where it is none.
std::string with_sign(const std::string& call, const char* sign) {
  std::string out;
  const auto is_of_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (size_t at = 0; at < call.size();) {
    size_t end = at;
    while (end < call.size() && is_of_name(call[end])) ++end;
    const bool begins = at == 0 || call[at - 1] == '(' || call[at - 1] == ' ';
    const bool is_name = begins && end > at && end + 1 < call.size() && call[end] == ':' && call[end + 1] != ' ';
    if (!is_name) {
      end = std::max(end, at + 1);
      out += call.substr(at, end - at);
    } else {
      if (sign) out += call.substr(at, end - at) + sign;
      ++end;
    }
    at = end;
  }
  return out;
}

}  // namespace

std::string without_names(const std::string& call) { return with_sign(call, nullptr); }
std::string with_keywords(const std::string& call) { return with_sign(call, "="); }

std::string tuple(const std::vector<std::string>& items) {
  return "(" + join(items) + (items.size() == 1 ? ",)" : ")");
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c == '\n' ? "\\n" : std::string(1, c);
  }
  return out + "'";
}

std::string in_docstring(std::string text) {
  std::ranges::replace(text, '\\', '/');
  std::ranges::replace(text, '"', '\'');
  return text;
}

std::string python(const Node& value) {
  if (value.is_null()) return "None";
  if (value.is_list()) {
    std::vector<std::string> items;
    for (const Node& item : value.items) items.push_back(python(item));
    return tuple(items);
  }
  if (const auto flag = value.as_bool()) return *flag ? "True" : "False";
  if (value.as_integer() || value.as_number()) return number_text(*value.as_number());
  return quoted(value.as_string().value_or(value.text));
}

std::string indented(const std::string& text, size_t blanks) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && c != '\n') out.append(blanks, ' ');
    out += c;
    begins = c == '\n';
  }
  return out;
}

bool is_identifier(const std::string& name) {
  static constexpr std::array<std::string_view, 35> keywords{
      "False",   "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
      "class",   "continue", "def",   "del",    "elif", "else",   "except", "for",      "from",
      "finally", "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
      "or",      "pass",     "raise", "return", "try",  "while",  "with",   "yield"};
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 && std::ranges::all_of(name, fits) &&
         std::ranges::count(keywords, name) == 0;
}

bool is_free_name(const std::string& name) {
  static constexpr std::string_view taken =
      " self torch nn np jax jnp ops keras layers train math shared inputs p samples list tuple dict range float int "
      "bool len min max sum abs slice getattr super ";
  const bool is_class = !name.empty() && std::isupper(static_cast<unsigned char>(name[0])) != 0;  // F, Net, Block
  const bool is_numbered =
      name.size() > 1 && name[0] == 't' && name.find_first_not_of("0123456789", 1) == std::string::npos;
  return is_identifier(name) && !is_class && !is_numbered && taken.find(" " + name + " ") == std::string_view::npos;
}

std::string pascal_case(const std::string& name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
      upper = true;
      continue;
    }
    out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return out.empty() || std::isdigit(static_cast<unsigned char>(out[0])) != 0 ? "Part" + out : out;
}

std::string class_of_block(const std::string& block) {
  const std::string name = pascal_case(block);
  const bool fits = is_identifier(name) && name != "Net" && name != "F" && name != "Path" && name != "OrderedDict";
  return fits ? name : name + "Block";
}

}  // namespace dl::code
