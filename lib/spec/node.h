// Node: one YAML value, with the place it came from. After loading nothing else of YAML is left.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace dl {

class Node {
 public:
  enum class Kind { null, scalar, list, map };
  enum class Origin { file, option, environment, program, default_value };
  struct Entry;

  Kind kind = Kind::null;
  std::string text;            // of a scalar, as written, without quotes; ${ itself is $${
  bool quoted = false;         // a quoted scalar is a string whatever it looks like
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the file's order, keys unique

  Where where;                           // in a file; for --set: file is "--set a.b=1"
  Origin origin = Origin::file;          // default_value: nobody wrote it
  std::string via;                       // the reference it was put in for, "${env:LR}"; empty otherwise
  std::shared_ptr<const Node> overrode;  // the value that this one replaced (extends, --set); may be null

  static Node null();
  static Node scalar(std::string text, bool quoted = false);
  static Node string(std::string text);  // quoted where it would read as something else, ${ as $${
  static Node number(double value);
  static Node integer(int64_t value);
  static Node boolean(bool value);
  static Node list(std::vector<Node> items = {});
  static Node map();

  bool is_null() const { return kind == Kind::null; }  // also of a plain scalar ~, null, Null, NULL
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }

  // Scalars typed by YAML 1.2's core schema; empty where the scalar is of another type.
  std::optional<bool> as_bool() const;           // true True TRUE false False FALSE
  std::optional<int64_t> as_integer() const;     // 12 -3 +4 0x1F 0o17; empty too where it does not fit
  std::optional<double> as_number() const;       // integers and 1.5 .5 1e-3 .inf -.inf .nan
  std::optional<std::string> as_string() const;  // quoted, or plain and none of the above; $${ is ${

  // Maps. The pointer is valid until the map changes.
  const Node* find(std::string_view key) const;  // null where there is no such key, or no map
  Node* find(std::string_view key);
  const Entry* entry(std::string_view key) const;
  std::vector<std::string> keys() const;
  Node& set(std::string key, Node value);  // adds or replaces; the key's place is the value's
  bool erase(std::string_view key);        // false where there was none

  // What it is, in a sentence's words: "'abc'", "12", "a list of 3", "a map with keys a, b", "nothing".
  std::string described() const;
};

struct Node::Entry {
  std::string key;
  Where key_where;
  Node value;
};

// Same kind, text, type and children in order; places and origins do not matter.
bool same_value(const Node& a, const Node& b);

// Number of values in the tree, this one included.
int64_t node_count(const Node& node);

// YAML that parses to the same values: block style, lists of scalars and small maps in one line.
std::string to_yaml(const Node& node);

// JSON; .inf and .nan become strings, as JSON has none. indent 0: one line.
std::string to_json(const Node& node, int indent = 2);

}  // namespace dl
