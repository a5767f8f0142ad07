// ${…}: one scalar, and the walks over a whole spec.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/interpolate.h"

#include <algorithm>
#include <map>

#include "lib/base/text.h"
#include "lib/spec/path.h"
#include "lib/spec/reference.h"

namespace dl {
namespace {

constexpr std::string_view environment_prefix = "env:";
constexpr int64_t most_referenced_values = 100'000;  // visited behind references, in one spec
constexpr int64_t most_bytes = 4 << 20;              // put in by references, in one spec
constexpr size_t longest_chain = 64;

// As a plain scalar in a file would be read.
Node plain_value(std::string text) {
  for (const char* null : {"~", "null", "Null", "NULL"})
    if (text == null) return Node::null();
  return Node::scalar(std::move(text));
}

Node environment_value(std::string_view body, bool quoted, const Environment& environment) {
  body.remove_prefix(environment_prefix.size());
  const size_t colon = body.find(":-");
  const std::string name(trim(body.substr(0, colon)));
  if (name.empty()) throw ExpressionError{"expected a variable's name after 'env:'", "write ${env:NAME}", {}};
  std::optional<std::string> text = environment(name);
  if (!text && colon != std::string_view::npos) text = std::string(body.substr(colon + 2));
  if (!text)
    throw ExpressionError{"environment variable '" + shortened(name) + "' is not set",
                          "set it, or write ${env:" + shortened(name) + ":-default}",
                          {}};
  if (!valid_utf8(*text)) throw ExpressionError{"environment variable '" + shortened(name) + "' is not UTF-8", "", {}};
  Node value = quoted || text->empty() ? Node::scalar(*text, true) : plain_value(*text);
  value.origin = Node::Origin::environment;
  return value;
}

}  // namespace

Node interpolate(const Node& scalar, const NameLookup& lookup, const Environment& environment, const Reading& r) {
  const std::string_view text = scalar.text;
  std::string out;
  size_t at = 0;
  try {
    for (size_t begin = find_reference(text); begin != std::string_view::npos; begin = find_reference(text, at)) {
      const size_t end = text.find('}', begin);
      if (end == std::string_view::npos) throw ExpressionError{"'${' without '}'", "write '}' after the name", {}};
      const std::string written(text.substr(begin, end + 1 - begin));
      const std::string_view body = trim(text.substr(begin + 2, end - begin - 2));
      const bool alone = begin == 0 && end + 1 == text.size();
      out += text.substr(at, begin - at);
      at = end + 1;
      Evaluated result;
      if (!body.starts_with(environment_prefix))
        result = evaluate(body, lookup);
      else if (environment)
        result.value = environment_value(body, scalar.quoted, environment);
      else
        result.rest = body;
      if (result.value && alone) {
        Node value = std::move(*result.value);
        value.where = scalar.where;
        value.via = scalar.via.empty() ? written : scalar.via + " = " + written;
        value.overrode = scalar.overrode;
        return value;
      }
      if (!result.value) {
        out += "${" + result.rest + "}";
      } else if (result.value->is_scalar()) {
        out += result.value->text;
      } else {
        throw ExpressionError{
            "expected text for " + shortened(written) + ", got " + result.value->described(), "let it stand alone", {}};
      }
    }
  } catch (const ExpressionError& error) {
    r.problem(scalar.where, error.what, error.help, error.notes);
    return scalar;
  }
  Node value = scalar;
  value.text = out + std::string(text.substr(at));
  if (value.text != scalar.text && value.via.empty()) value.via = scalar.text;
  return value;
}

void interpolate_environment(Node& tree, const Environment& environment, const Reading& r) {
  const NameLookup nothing_yet = [](const std::string&) { return std::nullopt; };
  if (tree.is_scalar() && tree.text.find("${env:") != std::string::npos)
    tree = interpolate(tree, nothing_yet, environment, r);
  for (size_t i = 0; i < tree.items.size(); ++i) interpolate_environment(tree.items[i], environment, r.index(i));
  for (Node::Entry& entry : tree.entries) interpolate_environment(entry.value, environment, r.key(entry.key));
}

namespace {

// The names of the parameters of the block definition that a path lies in: "blocks.NAME…" or "model.blocks.NAME…".
std::set<std::string> block_parameters(const Node& spec, const std::vector<std::string>& path) {
  const size_t at = !path.empty() && path[0] == "model" ? 1 : 0;
  if (path.size() < at + 2 || path[at] != "blocks") return {};
  std::vector<std::string> definition(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(at) + 2);
  definition.emplace_back("params");
  const Node* params = find_path(spec, definition);
  if (!params) return {};
  const std::vector<std::string> keys = params->keys();
  std::set<std::string> names(keys.begin(), keys.end());
  for (const Node& item : params->items)  // a list, which is refused where blocks are read
    if (const auto name = item.as_string()) names.insert(*name);
  return names;
}

// The last part of a path: "data.vocab_size" -> vocab_size.
std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

// The one known name that a word of this one begins: "data.vocab_size" -> data.vocabulary. Empty where there is none.
std::string by_word(const std::string& name, const std::vector<std::string>& known) {
  constexpr size_t shortest = 4;
  const std::string part = last_part(name);
  std::set<std::string> found;
  for (size_t begin = 0; begin < part.size();) {
    const size_t end = std::min(part.find('_', begin), part.size());
    const std::string word = part.substr(begin, end - begin);
    if (word.size() >= shortest && word != "size")
      for (const std::string& other : known)
        if (last_part(other).starts_with(word)) found.insert(other);
    begin = end + 1;
  }
  return found.size() == 1 ? *found.begin() : "";
}

// A variable of the environment, as another program or the shell has it: "oc.env:DATA", "DATA_DIR".
std::string environment_meant(const std::string& name) {
  const size_t prefix = name.find("env:");
  if (prefix != std::string::npos) return name.substr(prefix);
  if (name.ends_with(".env")) return "env:NAME";
  const bool capitals = name.size() > 1 && name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == name.npos;
  return capitals ? "env:" + name : "";
}

ExpressionError unknown_name(const std::string& name, std::vector<std::string> known) {
  if (const std::string outside = environment_meant(name); !outside.empty())
    return {"unknown name '" + shortened(name) + "' in ${}", "write '${" + outside + "}' for the environment's", {}};
  const std::string variable = "variables." + name;
  std::string meant = std::ranges::count(known, variable) > 0 ? variable : closest(name, known);
  if (meant.empty()) meant = by_word(name, known);
  for (const std::string& longer : known)  // the section is missing: `classes` for data.classes
    if (meant.empty() && longer.ends_with("." + name)) meant = longer;
  std::sort(known.begin(), known.end());
  constexpr size_t most = 30;
  const bool more = known.size() > most;
  if (more) known.resize(most);
  return {"unknown name '" + shortened(name) + "' in ${}",
          meant.empty() ? "" : "write '" + meant + "'",
          {"known names: " + join(known) + (more ? ", …" : "")}};
}

// The names beside the place where a path ends to exist.
std::vector<std::string> names_beside(const Node& spec, std::vector<std::string> path) {
  const Node* node = nullptr;
  while (!node && !path.empty()) {
    path.pop_back();
    node = find_path(spec, path);
  }
  std::vector<std::string> out;
  for (const std::string& key : node ? node->keys() : std::vector<std::string>{}) {
    std::vector<std::string> child = path;
    child.push_back(key);
    out.push_back(path_text(child));
  }
  return out;
}

// Follows references from value to value, within bounds.
class ReferenceWalk {
 public:
  ReferenceWalk(const Node& spec, const std::set<std::string>& later, std::vector<Problem>& problems)
      : spec_(spec), later_(later), problems_(problems) {}

  Node resolved(const Node& node, std::vector<std::string>& path) {
    if (node.is_scalar()) return scalar(node, path);
    Node out = node;
    for (size_t i = 0; i < out.items.size(); ++i) {
      path.push_back(std::to_string(i));
      out.items[i] = resolved(node.items[i], path);
      path.pop_back();
    }
    for (size_t i = 0; i < out.entries.size(); ++i) {
      path.push_back(node.entries[i].key);
      out.entries[i].value = resolved(node.entries[i].value, path);
      path.pop_back();
    }
    return out;
  }

 private:
  Node scalar(const Node& node, const std::vector<std::string>& path) {
    if (find_reference(node.text) == std::string::npos) return node;
    const std::set<std::string> parameters = block_parameters(spec_, path);
    in_block_ = !path.empty() && path[0] == "blocks";
    const NameLookup lookup = [&](const std::string& name) { return value_of(name, parameters); };
    return interpolate(node, lookup, {}, Reading(problems_, path_text(path)));
  }

  std::optional<Node> value_of(const std::string& name, const std::set<std::string>& parameters) {
    std::vector<std::string> path = path_parts(name);
    if (is_later(path) || parameters.contains(path[0])) return {};
    const Node* target = find_path(spec_, path);
    if (!target) {
      std::vector<std::string> known = names_beside(spec_, path);
      known.insert(known.end(), later_.begin(), later_.end());
      if (const Node* variables = spec_.find("variables"))
        for (const std::string& key : variables->keys()) known.push_back("variables." + key);
      known.insert(known.end(), parameters.begin(), parameters.end());
      ExpressionError unknown = unknown_name(name, std::move(known));
      if (unknown.help.empty() && in_block_ && name.find('.') == name.npos)
        unknown.help = "write 'params: {" + name + ": }' beside the block's 'layers', with a value where there is one";
      throw unknown;
    }
    return followed(path_text(path), *target, path);
  }

  // A name that is later, or what lies under one: of "data.categories" "data.categories.town".
  bool is_later(const std::vector<std::string>& path) const {
    std::vector<std::string> part;
    return std::ranges::any_of(path, [&](const std::string& key) {
      part.push_back(key);
      return later_.contains(path_text(part));
    });
  }

  std::optional<Node> followed(const std::string& name, const Node& target, std::vector<std::string>& path) {
    if (exhausted_ || circular_.contains(name)) return {};  // reported already
    const auto earlier = std::find(chain_.begin(), chain_.end(), name);
    if (earlier != chain_.end()) {
      std::vector<std::string> circle(earlier, chain_.end());
      circular_.insert(circle.begin(), circle.end());
      circle.push_back(name);
      throw ExpressionError{"references in a circle: " + join(circle, " -> "), "write one of the values out", {}};
    }
    if (chain_.size() == longest_chain)
      throw ExpressionError{"a chain of more than " + count_of(longest_chain, "reference"), "use fewer", {}};
    values_ += node_count(target);
    chain_.push_back(name);
    Node value = resolved(target, path);
    chain_.pop_back();
    bytes_ += text_bytes(value);
    exhausted_ = values_ > most_referenced_values || bytes_ > most_bytes;
    if (exhausted_)
      throw ExpressionError{"references put in more than " + count_of(most_referenced_values, "value") + " or " +
                                bytes_text(static_cast<double>(most_bytes)),
                            "use fewer",
                            {}};
    return value;
  }

  static int64_t text_bytes(const Node& node) {
    auto bytes = static_cast<int64_t>(node.text.size());
    for (const Node& item : node.items) bytes += text_bytes(item);
    for (const Node::Entry& entry : node.entries) bytes += text_bytes(entry.value);
    return bytes;
  }

  const Node& spec_;
  const std::set<std::string>& later_;
  std::vector<Problem>& problems_;
  std::vector<std::string> chain_;  // names being followed
  std::set<std::string> circular_;
  int64_t values_ = 0, bytes_ = 0;
  bool exhausted_ = false, in_block_ = false;
};

}  // namespace

Node interpolate_references(const Node& spec, const std::set<std::string>& later, std::vector<Problem>& problems) {
  std::vector<std::string> path;
  return ReferenceWalk(spec, later, problems).resolved(spec, path);
}

namespace {

// Whether the text has the name, as a whole word.
bool has_word(const std::string& text, const std::string& name) {
  const auto in_a_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !in_a_word(text[at - 1])) && (end == text.size() || !in_a_word(text[end]))) return true;
  }
  return false;
}

// Whether it is so of a node of the tree.
bool any_node(const Node& tree, const std::function<bool(const Node&)>& is_so) {
  return is_so(tree) || std::ranges::any_of(tree.items, [&](const Node& item) { return any_node(item, is_so); }) ||
         std::ranges::any_of(tree.entries, [&](const Node::Entry& entry) { return any_node(entry.value, is_so); });
}

}  // namespace

bool stands_for(const Node& tree, const std::string& name) {
  return any_node(tree, [&](const Node& node) { return has_word(node.via, name); });
}

bool has_references(const Node& tree) {
  return any_node(tree,
                  [](const Node& node) { return node.is_scalar() && find_reference(node.text) != std::string::npos; });
}

bool mentions(const Node& tree, const std::string& name) {
  return any_node(tree, [&](const Node& node) {
    const size_t begin = node.is_scalar() ? find_reference(node.text) : std::string::npos;
    return begin != std::string::npos && has_word(node.text.substr(begin), name);
  });
}

Node interpolate_values(const Node& spec, const std::map<std::string, Node>& values, std::vector<Problem>& problems) {
  std::vector<std::string> path;
  const std::function<void(Node&)> walk = [&](Node& node) {
    if (node.is_scalar() && find_reference(node.text) != std::string::npos) {
      const std::set<std::string> parameters = block_parameters(spec, path);
      const NameLookup lookup = [&](const std::string& name) -> std::optional<Node> {
        auto found = values.find(name);
        if (found == values.end()) found = values.find(name.substr(0, name.rfind('.')) + ".*");
        if (found != values.end()) {
          Node value = found->second;
          value.origin = Node::Origin::program;
          return value;
        }
        if (parameters.contains(path_parts(name)[0])) return {};
        std::vector<std::string> known(parameters.begin(), parameters.end());
        for (const auto& [known_name, value] : values) known.push_back(known_name);
        throw unknown_name(name, std::move(known));
      };
      node = interpolate(node, lookup, {}, Reading(problems, path_text(path)));
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      path.push_back(std::to_string(i));
      walk(node.items[i]);
      path.pop_back();
    }
    for (Node::Entry& entry : node.entries) {
      path.push_back(entry.key);
      walk(entry.value);
      path.pop_back();
    }
  };
  Node out = spec;
  walk(out);
  return out;
}

}  // namespace dl
