// Node: making, typing and comparing values.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/node.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "lib/base/text.h"
#include "lib/spec/reference.h"

namespace dl {
namespace {

bool digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

// [-+]? ( . [0-9]+ | [0-9]+ ( . [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool decimal_number(std::string_view text) {
  text = without_sign(text);
  const size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    if (!digits(without_sign(text.substr(exponent + 1)))) return false;
    text = text.substr(0, exponent);
  }
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return digits(text);
  const std::string_view whole = text.substr(0, dot), part = text.substr(dot + 1);
  return (whole.empty() || digits(whole)) && (part.empty() ? digits(whole) : digits(part));
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

Node of_kind(Node::Kind kind) {
  Node node;
  node.kind = kind;
  return node;
}

}  // namespace

Node Node::null() { return {}; }

Node Node::scalar(std::string text, bool quoted) {
  Node node = of_kind(Kind::scalar);
  node.text = std::move(text);
  node.quoted = quoted;
  return node;
}

Node Node::string(std::string text) {
  Node plain = scalar(escaped(text));
  plain.quoted = !plain.as_string() || plain.text.empty() || one_of(plain.text, {"~", "null", "Null", "NULL"}) ||
                 plain.text.ends_with(".yaml") || plain.text.ends_with(".yml");  // else the name of a file to include
  return plain;
}

Node Node::number(double value) { return scalar(number_text(value)); }
Node Node::integer(int64_t value) { return scalar(std::to_string(value)); }
Node Node::boolean(bool value) { return scalar(value ? "true" : "false"); }

Node Node::list(std::vector<Node> items) {
  Node node = of_kind(Kind::list);
  node.items = std::move(items);
  return node;
}

Node Node::map() { return of_kind(Kind::map); }

std::optional<bool> Node::as_bool() const {
  if (kind != Kind::scalar || quoted) return {};
  if (one_of(text, {"true", "True", "TRUE"})) return true;
  if (one_of(text, {"false", "False", "FALSE"})) return false;
  return {};
}

std::optional<int64_t> Node::as_integer() const {
  if (kind != Kind::scalar || quoted) return {};
  std::string_view body = text;
  int base = 10;
  if (body.starts_with("0x") || body.starts_with("0o")) {
    base = body[1] == 'x' ? 16 : 8;
    body.remove_prefix(2);
    if (body.empty() || body[0] == '-') return {};
  } else if (body.starts_with("+") && digits(body.substr(1))) {
    body.remove_prefix(1);
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), value, base);
  if (error != std::errc() || end != body.data() + body.size()) return {};
  return value;
}

std::optional<double> Node::as_number() const {
  if (kind != Kind::scalar || quoted) return {};
  if (const auto integer = as_integer()) return static_cast<double>(*integer);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (one_of(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) return infinity;
  if (one_of(text, {"-.inf", "-.Inf", "-.INF"})) return -infinity;
  if (one_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  if (!decimal_number(text)) return {};
  const std::string_view body = text[0] == '+' ? std::string_view(text).substr(1) : text;
  double value = 0;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), value);
  // Out of range: too large is infinite, too small is 0.
  if (error == std::errc::result_out_of_range) return std::strtod(text.c_str(), nullptr);
  return value;
}

std::optional<std::string> Node::as_string() const {
  if (kind != Kind::scalar || (!quoted && (as_bool() || as_number()))) return {};
  return unescaped(text);
}

const Node::Entry* Node::entry(std::string_view key) const {
  if (kind != Kind::map) return nullptr;
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

const Node* Node::find(std::string_view key) const {
  const Entry* found = entry(key);
  return found ? &found->value : nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

std::vector<std::string> Node::keys() const {
  std::vector<std::string> out;
  for (const Entry& e : entries) out.push_back(e.key);
  return out;
}

Node& Node::set(std::string key, Node value) {
  DL_CHECK(kind == Kind::map, "key ", key, " set in ", described());
  if (Node* present = find(key)) return *present = std::move(value);
  Where place = value.where;
  entries.push_back({std::move(key), std::move(place), std::move(value)});
  return entries.back().value;
}

bool Node::erase(std::string_view key) {
  return std::erase_if(entries, [&](const Entry& e) { return e.key == key; }) > 0;
}

std::string Node::described() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::scalar: return as_string() ? "'" + shortened(*as_string()) + "'" : shortened(text);
    case Kind::list: return "a list of " + std::to_string(items.size());
    case Kind::map: break;
  }
  if (entries.empty()) return "an empty map";
  return (entries.size() == 1 ? "a map with key " : "a map with keys ") + shortened(join(keys()));
}

bool same_value(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.text != b.text || a.as_string() != b.as_string()) return false;
  const auto same_entry = [](const Node::Entry& x, const Node::Entry& y) {
    return x.key == y.key && same_value(x.value, y.value);
  };
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_value) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(), same_entry);
}

int64_t node_count(const Node& node) {
  int64_t count = 1;
  for (const Node& item : node.items) count += node_count(item);
  for (const Node::Entry& e : node.entries) count += node_count(e.value);
  return count;
}

}  // namespace dl
