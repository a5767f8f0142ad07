// Keys and values of other programs' forms, put in ours.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/rewritten.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/spec/write.h"
#include "lib/spec/yaml.h"

namespace dl {
namespace {

constexpr const char* without_key = "";  // of a call's arguments that have no name

bool takes(const Field& field, const Node& value) {
  std::vector<Problem> problems;
  return field.read(value, Reading(problems)) && problems.empty();
}

bool holds_keys(const std::string& key) {
  static const std::vector<std::string> words{"params", "config", "args",    "kwargs",     "init_args",
                                              "keys",   "values", "options", "parameters", "hyperparameters"};
  return std::ranges::any_of(words, [&](const std::string& word) { return same_word(word, key); });
}

// One type's value being put together.
class Rewriting {
 public:
  Rewriting(const AnyRegistry& registry, const std::string& name)
      : registry_(registry),
        name_(name),
        is_layer_(registry.kind().ends_with("layer")),
        object_(registry.make(name)),
        schema_(schema_of(*object_)) {}

  void add(const Node& config) {
    if (!config.is_map()) {
      if (!config.is_null()) add_value(config);
      return;
    }
    if (const Node* value = config.find(without_key)) add_value(*value);
    for (const Node::Entry& entry : config.entries)
      if (entry.key != without_key) add(entry);
  }

  std::string help() const {
    const bool lacks_keys = keys_.entries.empty() && schema_.has_required();
    if ((unplaced_ || lacks_keys) && shown_example()) return concat("write '", *shown_example(), "'", besides_);
    return concat("write '", text(), "'", besides_);
  }

 private:
  void add(const Node::Entry& entry) {
    if (schema_.fields().empty()) return;
    const Field* field = schema_.field(entry.key);
    if (!field && entry.value.is_map() && holds_keys(entry.key)) return add(entry.value);
    const std::string advice = field ? "" : registry_.advice_on_key(schema_, entry.key);
    if (!advice.empty()) {
      if (!advice.starts_with("leave it out")) besides_ += "; of '" + entry.key + "': " + advice;
      return;
    }
    if (!field) field = schema_.meant(entry.key);
    if (!field) {
      besides_ += concat("; '", name_, "' has no '", entry.key, "'");
      return;
    }
    const auto truth = entry.value.as_bool();
    keys_.set(field->key(), truth ? Node::boolean(*truth) : entry.value);
  }

  // A value without a key: of the positional key, else of the only required one, else of the first that takes it. Of
  // several, those that are required, in order; one more than these begins with the size of the input, as PyTorch's.
  void add_value(const Node& value) {
    std::vector<const Field*> required;
    for (const Field& field : schema_.fields())
      if (field.is_required() && !keys_.find(field.key())) required.push_back(&field);
    if (const Field* positional = schema_.positional(); positional && takes(*positional, value)) {
      keys_.set(positional->key(), value);
    } else if (value.is_list() && !required.empty() && value.items.size() >= required.size() &&
               (is_layer_ || value.items.size() == required.size())) {
      const size_t sizes_of_inputs = is_layer_ && value.items.size() > required.size() ? 1 : 0;
      for (size_t i = 0; i < required.size(); ++i) keys_.set(required[i]->key(), value.items[i + sizes_of_inputs]);
      if (value.items.size() > required.size() + sizes_of_inputs)
        besides_ += "; the other values by their keys, as 'dlcli describe " + name_ + "' lists them";
    } else if (required.size() == 1) {
      place(*required[0], value);
    } else if (!required.empty() || value.is_list()) {
      unplaced_ = true;
    } else if (!is_layer_) {  // of layers without required keys it is the size of the input
      const auto taken = std::ranges::find_if(schema_.fields(), [&](const Field& f) {
        return takes(f, value) &&
               !f.type().starts_with("a duration");  // of which a bare number does not say what it is
      });
      if (taken == schema_.fields().end())
        unplaced_ = true;
      else
        keys_.set(taken->key(), value);
    }
  }

  void place(const Field& field, const Node& value) {
    if (takes(field, value))
      keys_.set(field.key(), value);
    else
      unplaced_ = true;
  }

  const std::string* shown_example() const {
    for (const std::string& example : schema_.examples())
      if (example.find('{') != std::string::npos) return &example;
    return schema_.examples().empty() ? nullptr : &schema_.examples().front();
  }

  std::string text() const {
    if (keys_.entries.empty()) return name_;
    const Field* positional = schema_.positional();
    const bool is_short = positional && keys_.entries.size() == 1 && keys_.entries[0].key == positional->key();
    return name_ + ": " + to_yaml_line(is_short ? keys_.entries[0].value : keys_);
  }

  const AnyRegistry& registry_;
  const std::string name_;
  const bool is_layer_;
  const std::unique_ptr<Described> object_;
  const Schema schema_;
  Node keys_ = Node::map();
  std::string besides_;
  bool unplaced_ = false;
};

// Where the argument that begins at `begin` ends: at a comma outside of brackets and quotes.
size_t argument_end(std::string_view text, size_t begin) {
  int depth = 0;
  char quote = 0;
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return text.size();
}

// "(3, 3)" is a list, "True" true, "relu" a word; null what is none of these, as a call.
Node argument_value(std::string_view text) {
  std::string written(trim(text));
  if (written.starts_with("(") && written.ends_with(")")) written = "[" + written.substr(1, written.size() - 2) + "]";
  if (written.empty() || written == "None" || written.find('(') != std::string::npos) return {};
  try {
    Node value = parse_yaml(written, "");
    if (const auto truth = value.as_bool()) return Node::boolean(*truth);
    return value;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::string help_for(const AnyRegistry& registry, const std::string& name, const Node& config) {
  Rewriting rewriting(registry, name);
  rewriting.add(config);
  return rewriting.help();
}

Node call_arguments(const std::string& text) {
  Node named = Node::map(), list = Node::list();
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = argument_end(text, begin);
    const std::string_view argument = trim(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    const size_t equals = argument.find('=');
    const bool is_named = equals != std::string_view::npos && argument.substr(0, equals).find('(') == argument.npos;
    Node value = argument_value(is_named ? argument.substr(equals + 1) : argument);
    if (value.is_null()) continue;
    if (is_named)
      named.set(std::string(trim(argument.substr(0, equals))), std::move(value));
    else if (value.as_string() && !value.quoted && list.items.empty())
      continue;  // a variable, as the parameters that come first in PyTorch's optimizers
    else
      list.items.push_back(std::move(value));
  }
  Node values = list.items.size() == 1 ? list.items[0] : list;
  if (named.entries.empty()) return list.items.empty() ? Node() : values;
  if (!list.items.empty()) named.set(without_key, std::move(values));
  return named;
}

}  // namespace dl
