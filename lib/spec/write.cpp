// Nodes as YAML and as JSON text.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/write.h"

#include <cmath>
#include <cstdio>

#include "lib/base/printable.h"
#include "lib/base/text.h"
#include "lib/spec/node.h"
#include "lib/spec/reference.h"

namespace dl {
namespace {

constexpr size_t line_width = 100;

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Safe without quotes anywhere in a document, inside [ ] and { } too. Fewer than YAML allows.
bool plain(std::string_view text) {
  if (text.empty() || text.back() == ' ' || text.starts_with("...")) return false;
  const auto allowed_first = [](char c) { return letter_or_digit(c) || c == '_' || c == '.' || c == '/' || c == '+'; };
  const bool signed_word = text.size() > 1 && text[0] == '-' && (letter_or_digit(text[1]) || text[1] == '.');
  if (!allowed_first(text[0]) && !signed_word) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool colon_within = c == ':' && i + 1 < text.size() && letter_or_digit(text[i + 1]);
    if (!letter_or_digit(c) && !colon_within && std::string_view("_-./+%=() ").find(c) == std::string_view::npos)
      return false;
  }
  return true;
}

// Of YAML and of JSON. Bytes that are no UTF-8, which neither can hold, become U+FFFD, the replacement character.
std::string in_double_quotes(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const Character c = first_character(text.substr(at));
    const std::string_view bytes = text.substr(at, c.bytes);
    at += c.bytes;
    if (bytes == "\"" || bytes == "\\") {
      out += "\\" + std::string(bytes);
    } else if (bytes == "\n") {
      out += "\\n";
    } else if (bytes == "\t") {
      out += "\\t";
    } else if (c.steers) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c.valid ? static_cast<unsigned>(c.code) : 0xFFFDu);
      out += escape;
    } else {
      out += bytes;
    }
  }
  return out + '"';
}

std::string yaml_scalar(const Node& node) {
  // Quotes are kept where the text without them would be something else.
  const bool keeps_quotes = node.quoted && Node::string(node.text).quoted;
  return keeps_quotes || !plain(node.text) ? in_double_quotes(node.text) : node.text;
}

// Keys hold no references, so that ${ stands for itself.
std::string yaml_key(const std::string& key) { return yaml_scalar(Node::scalar(key, Node::string(key).quoted)); }

bool leaf(const Node& node) { return node.is_null() || node.is_scalar(); }

// In one line: scalars, and lists and maps whose children are scalars or such lists.
bool fits_one_line(const Node& node) {
  const auto simple = [](const Node& child) {
    if (leaf(child)) return true;
    for (const Node& item : child.items)
      if (!leaf(item)) return false;
    return child.entries.empty();
  };
  for (const Node& item : node.items)
    if (!leaf(item)) return false;
  for (const Node::Entry& entry : node.entries)
    if (!simple(entry.value)) return false;
  return true;
}

std::string one_line(const Node& node) {
  std::string out;
  switch (node.kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::scalar: return yaml_scalar(node);
    case Node::Kind::list:
      for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + one_line(item);
      return "[" + out + "]";
    case Node::Kind::map: break;
  }
  for (const Node::Entry& entry : node.entries)
    out += (out.empty() ? "" : ", ") + yaml_key(entry.key) + ": " + one_line(entry.value);
  return "{" + out + "}";
}

void write_yaml(const Node& node, size_t indent, std::string& out);

// What stands after "key:" or "-".
void write_value(const Node& node, size_t indent, std::string& out) {
  const size_t line_start = out.rfind('\n') + 1;  // npos + 1 is 0
  const bool short_enough = leaf(node) || (node.items.empty() && node.entries.empty());
  if (short_enough || fits_one_line(node)) {
    const std::string line = one_line(node);
    if (short_enough || out.size() - line_start + line.size() < line_width) {
      out += " " + line + "\n";
      return;
    }
  }
  out += "\n";
  write_yaml(node, indent + 2, out);
}

// Block style; `out` ends at the start of a line.
void write_yaml(const Node& node, size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  for (const Node& item : node.items) {
    out += margin + "-";
    if (item.is_map() && !item.entries.empty() && (item.entries.size() > 1 || !fits_one_line(item))) {
      // "- key: value", the other keys below the first
      std::string below;
      write_yaml(item, indent + 2, below);
      out += " " + below.substr(indent + 2);
    } else if (item.is_map() && item.entries.size() == 1) {
      out += " " + yaml_key(item.entries[0].key) + ":";
      write_value(item.entries[0].value, indent + 2, out);
    } else {
      write_value(item, indent, out);
    }
  }
  for (const Node::Entry& entry : node.entries) {
    out += margin + yaml_key(entry.key) + ":";
    write_value(entry.value, indent, out);
  }
}

std::string json_scalar(const Node& node) {
  if (const auto flag = node.as_bool()) return *flag ? "true" : "false";
  if (const auto integer = node.as_integer()) return std::to_string(*integer);
  if (const auto number = node.as_number(); number && std::isfinite(*number)) return number_text(*number);
  return in_double_quotes(unescaped(node.text));
}

void write_json(const Node& node, int indent, int depth, std::string& out) {
  const auto new_line = [&](int levels) {
    if (indent > 0) out += "\n" + std::string(static_cast<size_t>(indent) * static_cast<size_t>(levels), ' ');
  };
  const auto bracketed = [&](char open, char close, size_t count, auto&& write_child) {
    out += open;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) out += indent > 0 ? "," : ", ";
      new_line(depth + 1);
      write_child(i);
    }
    if (count > 0) new_line(depth);
    out += close;
  };
  switch (node.kind) {
    case Node::Kind::null: out += "null"; return;
    case Node::Kind::scalar: out += json_scalar(node); return;
    case Node::Kind::list:
      bracketed('[', ']', node.items.size(), [&](size_t i) { write_json(node.items[i], indent, depth + 1, out); });
      return;
    case Node::Kind::map: break;
  }
  bracketed('{', '}', node.entries.size(), [&](size_t i) {
    out += in_double_quotes(node.entries[i].key) + ": ";
    write_json(node.entries[i].value, indent, depth + 1, out);
  });
}

}  // namespace

std::string to_yaml(const Node& node) {
  if (leaf(node) || (node.items.empty() && node.entries.empty())) return one_line(node) + "\n";
  std::string out;
  write_yaml(node, 0, out);
  return out;
}

std::string to_yaml_line(const Node& node) { return one_line(node); }

std::string to_json(const Node& node, int indent) {
  std::string out;
  write_json(node, indent, 0, out);
  return out;
}

}  // namespace dl
