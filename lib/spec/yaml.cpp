// YAML text to Node, through yaml-cpp's events, so that every limit acts while parsing.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <unordered_map>

#include "lib/base/text.h"
#include "lib/spec/reading.h"
#include "lib/spec/yaml_source.h"
#include "lib/spec/yaml_syntax.h"

namespace dl {
namespace {

// Builds the tree. Things that are merely not allowed are collected; a limit passed throws.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const YamlSource& source, const YamlLimits& limits) : source_(source), limits_(limits) {}

  Node root;
  bool has_root = false;
  std::vector<Problem> problems;

  // Where the innermost [ or { that is still open stands.
  std::optional<OpenBracket> open_bracket() const {
    if (frames_.empty() || !frames_.back().flow) return {};
    return OpenBracket{frames_.back().node.where, frames_.back().node.is_list() ? '[' : '{'};
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node;
    node.where = source_.where(mark.line, mark.column);
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (refused_.insert(anchor).second)  // the first alias of each anchor shows how it is mended
      problem(source_.where(mark.line, mark.column), "an alias is not taken here",
              "write the value out, or refer to it as ${path.of.value}");
    add(Node::null());
  }

  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    problem(source_.where(mark.line, mark.column), "an anchor '&" + shortened(name) + "' is not taken here",
            "write the value out, or refer to it as ${path.of.value}");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    Node node = Node::scalar(source_.restored(value), tag == "!");
    node.where = source_.where(mark.line, mark.column);
    if (node.quoted && !source_.quote_closed(mark.line, mark.column))
      throw Error(Exit::usage,
                  {node.where, "", "the quote that begins here is not closed", {}, "write the second quote"});
    if (node.text.find('\0') != std::string::npos) problem(node.where, "a string with a NUL character", "remove \\0");
    take_tag(tag, node);
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    open(Node::list(), mark, tag, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value style) override {
    open(Node::map(), mark, tag, style);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    bool flow = false;
    std::optional<Node> key;                        // of a map: read, its value awaited
    std::unordered_map<std::string, Where> places;  // of a map's keys
  };

  void problem(const Where& where, std::string what, std::string help) {
    add_problem(problems, {where, "", std::move(what), {}, std::move(help)});
  }

  void take_tag(const std::string& tag, Node& node) {
    constexpr std::string_view core = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!") return;
    const std::string_view name = tag.starts_with(core) ? std::string_view(tag).substr(core.size()) : "";
    if (name == "str" && node.is_scalar()) node.quoted = true;
    const bool scalar_tag = name == "str" || name == "int" || name == "float" || name == "bool" || name == "null";
    if (node.is_scalar() ? scalar_tag : name == (node.is_list() ? "seq" : "map")) return;
    std::string help = "remove it";
    if (node.is_scalar() && (tag == "!include" || tag == "!import"))
      help = "write the file's name alone: " + node.text;
    else if (node.is_scalar() && (tag == "!env" || tag == "!ENV"))
      help = "write ${env:" + node.text + "}";
    problem(node.where, "a tag '" + (name.empty() ? tag : "!!" + std::string(name)) + "' is not taken here", help);
  }

  void open(Node node, const YAML::Mark& mark, const std::string& tag, YAML::EmitterStyle::value style) {
    node.where = source_.where(mark.line, mark.column);
    if (static_cast<int>(frames_.size()) >= limits_.depth)
      throw Error(Exit::usage, {node.where, "", "nested deeper than " + count_of(limits_.depth, "level"), {}, ""});
    take_tag(tag, node);
    frames_.push_back({std::move(node), style == YAML::EmitterStyle::Flow, {}, {}});
  }

  void close() {
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (++count_ > limits_.nodes)
      throw Error(Exit::usage,
                  {node.where, "", "more than " + count_of(limits_.nodes, "value") + " in one file", {}, ""});
    if (frames_.empty()) {
      root = std::move(node);
      has_root = true;
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.is_list()) {
      if (!frame.flow || !closes_parenthesis(frame, node)) frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node);
    } else {
      Node key = std::move(*frame.key);
      frame.key.reset();
      add_entry(frame, std::move(key), std::move(node));
    }
  }

  // [Conv2d(3, 16), relu] and [(3, 3)], which YAML cuts at the comma within: a call is put together again, for its
  // message, of values there is none.
  bool closes_parenthesis(Frame& frame, const Node& last) {
    if (!last.is_scalar() || last.quoted || !last.text.ends_with(")") || last.text.find('(') != std::string::npos)
      return false;
    std::vector<Node>& items = frame.node.items;
    // Of {reshape: (8, 24)} the value.
    const auto text_of = [](Node& item) -> Node& {
      return item.is_map() && item.entries.size() == 1 ? item.entries[0].value : item;
    };
    const auto opens = [&](Node& item) {
      const Node& value = text_of(item);
      return value.is_scalar() && !value.quoted && value.text.find('(') != std::string::npos &&
             value.text.find(')') == std::string::npos;
    };
    const auto from = std::find_if(items.rbegin(), items.rend(), opens);
    if (from == items.rend() || text_of(*from).where.line != last.where.line) return false;
    const auto first = from.base() - 1;
    Node& whole = text_of(*first);
    for (auto item = first + 1; item != items.end(); ++item) whole.text += ", " + item->text;
    whole.text += ", " + last.text;
    if (whole.text[0] == '(')
      problem(whole.where, "'" + shortened(whole.text) + "' is cut at each comma",
              "write [" + shortened(whole.text.substr(1, whole.text.size() - 2)) + "]");
    items.erase(first + 1, items.end());
    return true;
  }

  // {lr: 0,001} and {kernel_size: (3, 3)}, which YAML cuts at the comma: the rest looks like a key without a value.
  bool cut_by_comma(Frame& frame, const Node& key) {
    if (frame.node.entries.empty()) return false;
    const Node& before = frame.node.entries.back().value;
    if (!before.is_scalar() || before.quoted || before.where.line != key.where.line) return false;
    const bool digits = !key.text.empty() && key.text.find_first_not_of("0123456789") == std::string::npos;
    if (before.as_integer() && digits) {
      problem(before.where, "'" + before.text + "," + key.text + "' is two values in braces",
              "write " +
                  (before.text == "0" || key.text.size() != 3 ? before.text + "." + key.text : before.text + key.text));
      return true;
    }
    if (before.text.find('(') == before.text.npos || before.text.find(')') != before.text.npos ||
        !key.text.ends_with(")"))
      return false;
    if (before.text[0] != '(') {  // a call, which is put together again for its message
      frame.node.entries.back().value.text += ", " + key.text;
      return true;
    }
    problem(before.where, "'" + shortened(before.text + ", " + key.text) + "' is two values in braces",
            "write [" + shortened(before.text.substr(1) + ", " + key.text.substr(0, key.text.size() - 1)) + "]");
    return true;
  }

  void add_entry(Frame& frame, Node key, Node value) {
    if (!key.is_scalar()) {
      problem(key.where, "a key must be a word, got " + key.described(), "write 'key: value'");
      return;
    }
    if (key.text == "<<" && !key.quoted) {
      problem(key.where, "the merge key '<<' is not taken here", "name the other file in 'extends:'");
      return;
    }
    if (frame.flow && value.is_null() && !key.quoted && cut_by_comma(frame, key)) return;
    if (const size_t colon = key.text.find(':'); value.is_null() && !key.quoted && colon != std::string::npos) {
      problem(key.where, "a space is missing after ':' in '" + shortened(key.text) + "'",
              "write '" + shortened(key.text.substr(0, colon) + ": " + key.text.substr(colon + 1)) + "'");
      return;
    }
    const auto [first, is_new] = frame.places.emplace(key.text, key.where);
    if (!is_new) {
      add_problem(problems, {key.where,
                             "",
                             "key " + Node::string(key.text).described() + " stands twice in one map",
                             {"first at " + first->second.text()},
                             "remove one of them"});
      return;
    }
    frame.node.entries.push_back({std::move(key.text), std::move(key.where), std::move(value)});
  }

  const YamlSource& source_;
  const YamlLimits& limits_;
  std::vector<Frame> frames_;
  std::set<YAML::anchor_t> refused_;
  int64_t count_ = 0;
};

std::string read_text(const std::filesystem::path& path, size_t most) {
  const auto refuse = [&] [[noreturn]] (const std::string& why) {
    throw Error(Exit::usage, {{path.string()}, "", why, {}, ""});
  };
  // Before it is opened: a pipe waits for its other end, a device may do anything.
  switch (std::error_code gone; std::filesystem::status(path, gone).type()) {
    case std::filesystem::file_type::regular:
    case std::filesystem::file_type::not_found: break;
    case std::filesystem::file_type::directory: refuse("expected a YAML file, got a folder");
    case std::filesystem::file_type::fifo: refuse("expected a YAML file, got a pipe");
    case std::filesystem::file_type::socket: refuse("expected a YAML file, got a socket");
    default: refuse("expected a YAML file, got a device");
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) refuse(std::string("cannot be read: ") + std::strerror(errno));
  std::string text;
  char piece[16384];
  while (in && text.size() <= most) {  // more than allowed shows that it is too long
    in.read(piece, sizeof piece);
    text.append(piece, static_cast<size_t>(in.gcount()));
  }
  if (in.bad()) refuse(std::string("cannot be read: ") + std::strerror(errno));
  return text;
}

}  // namespace

Node parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits) {
  if (text.size() > limits.bytes)
    throw Error(Exit::usage, {{file},
                              "",
                              "larger than " + bytes_text(static_cast<double>(limits.bytes)),
                              {},
                              "keep data in files of its own; a spec is written by hand"});
  const YamlSource source(text, file);
  std::istringstream in(source.text());
  TreeBuilder tree(source, limits);
  try {
    YAML::Parser parser(in);
    parser.HandleNextDocument(tree);
    Node first = std::move(tree.root);
    tree.has_root = false;
    if (tree.problems.empty() && parser.HandleNextDocument(tree) && tree.has_root)
      tree.problems.push_back(second_document(source, tree.root.where));
    tree.root = std::move(first);
  } catch (const YAML::Exception& error) {
    tree.problems.push_back(syntax_problem(source, error.mark.line, error.mark.column, error.msg, tree.open_bracket()));
  }
  if (!tree.problems.empty()) throw Error(Exit::usage, std::move(tree.problems));
  if (tree.root.where.line == 0) tree.root.where = {file, 1, 1};  // nothing in the file but comments
  return std::move(tree.root);
}

Node read_yaml(const std::filesystem::path& path, const YamlLimits& limits) {
  return parse_yaml(read_text(path, limits.bytes), path.string(), limits);
}

}  // namespace dl
