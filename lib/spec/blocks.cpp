// Expansion of the model list.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/blocks.h"

#include <algorithm>
#include <map>
#include <set>

#include "lib/base/text.h"
#include "lib/spec/codec.h"
#include "lib/spec/interpolate.h"
#include "lib/spec/reading.h"
#include "lib/spec/reference.h"
#include "lib/spec/registry.h"

namespace dl {
namespace {

constexpr int64_t most_layers = 10'000;
constexpr int64_t most_values = 1'000'000;  // in all layers together
constexpr size_t deepest = 64;              // blocks in one another
constexpr const char* block_input = "x";

std::string known_keys(const std::vector<std::string>& known) {
  return known.empty() ? "it takes no keys" : "known keys: " + join(known);
}

// Reports it and returns the key that was meant, or nothing.
std::string unknown_key(const Node::Entry& entry, const std::vector<std::string>& known, const Reading& r) {
  std::string meant = closest(entry.key, known);
  r.problem(entry.key_where, "unknown key " + Node::string(entry.key).described(),
            meant.empty() ? "" : "write '" + meant + "'", {known_keys(known)});
  return meant;
}

struct Block {
  std::string name;
  Where where;
  std::string label;                // "blocks.basic"
  Node params;                      // a map, or null
  Node layers;                      // a list
  std::vector<std::string> inputs;  // besides x
};

using Values = std::map<std::string, Node>;  // of a block's parameters

// What an item's siblings say, and what it is.
struct Item {
  const Node::Entry* used = nullptr;  // the layer or block, with its keys; null for a plain name
  std::string name_of_type;
  Where where;
};

class Expansion {
 public:
  Expansion(const std::vector<Block>& blocks, bool inputs_unknown, std::vector<Problem>& problems)
      : inputs_unknown_(inputs_unknown), problems_(problems) {
    for (const Block& block : blocks) blocks_.emplace(block.name, &block);
  }

  // What `from:` may name: inputs of the list, which are negative, and items so far that have a `name:`.
  using Names = std::map<std::string, int>;

  // The items of one list. `prefix` is put before the paths of parameters.
  std::vector<ModelItem> list(const Node& layers, const std::string& label, const std::string& prefix,
                              const Values* values, const std::vector<std::string>& notes, Names names) {
    std::vector<ModelItem> out;
    for (size_t i = 0; i < layers.items.size() && !exhausted_; ++i) {
      const Reading r = Reading(problems_, label).index(i).noted(notes);
      if (!count_values(layers.items[i], r)) break;
      const Node written = values ? with_values(layers.items[i], *values, r) : layers.items[i];
      ModelItem item = one(written, r, i, prefix, names, notes);
      name_tensors(item, written, r, out);
      out.push_back(std::move(item));
    }
    return out;
  }

 private:
  bool count_values(const Node& node, const Reading& r) {
    values_ += node_count(node);
    if (values_ <= most_values) return true;
    r.problem(node.where, "the model has more than " + count_of(most_values, "value"), "repeat less");
    exhausted_ = true;
    return false;
  }

  Node with_values(const Node& node, const Values& values, const Reading& r) {
    const NameLookup lookup = [&](const std::string& name) -> std::optional<Node> {
      if (const auto found = values.find(name); found != values.end()) return found->second;
      std::vector<std::string> known;
      for (const auto& [known_name, value] : values) known.push_back(known_name);
      const std::string meant = closest(name, known);
      throw ExpressionError{"unknown name '" + name + "' in ${}",
                            meant.empty() ? "" : "write '" + meant + "'",
                            {known.empty() ? "the block has no params" : "params of the block: " + join(known)}};
    };
    if (node.is_scalar())
      return find_reference(node.text) == std::string::npos ? node : interpolate(node, lookup, {}, r);
    Node out = node;
    for (size_t i = 0; i < out.items.size(); ++i) out.items[i] = with_values(node.items[i], values, r.index(i));
    for (Node::Entry& entry : out.entries) entry.value = with_values(entry.value, values, r.key(entry.key));
    return out;
  }

  // Names the item's tensors by its own path, or by that of the earlier item that `share` names.
  void name_tensors(ModelItem& item, const Node& written, const Reading& r, const std::vector<ModelItem>& earlier) {
    const Node* share = written.find("share");
    if (!share) return name_tensors(item, item.path, item.path);
    const auto wanted = share->as_string();
    std::vector<std::string> known;
    for (const ModelItem& other : earlier) {
      const std::string name = other.path.substr(other.path.rfind('.') + 1);
      if (wanted == name) return name_tensors(item, item.path, other.tensors);
      known.push_back(name);
    }
    const std::string meant = wanted ? closest(*wanted, known) : "";
    r.key("share").expected(
        *share, "the name of an item before this one",
        meant.empty() ? "give an earlier item of the same kind a 'name', and write it here" : "write '" + meant + "'");
  }
  static void name_tensors(ModelItem& item, const std::string& own, const std::string& instead) {
    const auto renamed = [&](const std::string& path) { return instead + path.substr(own.size()); };
    item.tensors = renamed(item.tensors.empty() ? item.path : item.tensors);
    for (ModelItem::Tie& tie : item.ties)
      if (tie.path.starts_with(own + ".")) tie.path = renamed(tie.path);
    for (ModelItem& child : item.children) name_tensors(child, own, instead);
  }

  ModelItem one(const Node& written, const Reading& r, size_t index, const std::string& prefix, Names& names,
                const std::vector<std::string>& notes) {
    ModelItem item;
    item.where = written.where;
    item.label = r.path();
    item.notes = notes;
    item.from = {static_cast<int>(index) - 1};  // the item before; the first has x, which is -1
    static_assert(ModelItem::input == -1);
    item.path = prefix + std::to_string(index);
    const Item parts = type_of(written, r);
    if (parts.name_of_type.empty()) return item;
    item.where = parts.where;
    const auto block = blocks_.find(parts.name_of_type);
    const std::vector<std::string> needed = block == blocks_.end() ? std::vector<std::string>{} : block->second->inputs;
    if (const Node* from = written.find("from"))
      item.from = from->is_map() ? inputs_by_name(*from, r.key("from"), needed, index, names)
                                 : inputs(*from, r.key("from"), index, names);
    else if (index == 0 && !names.empty() && !names.contains(block_input))
      r.problem(item.where, "expected 'from': the data have " + count_of(names.size(), "input") + ", none named x",
                "write 'from: " + names.begin()->first + "', or another of: " + join(known_names(names)));
    if (const Node* name = written.find("name"))
      if (is_name(*name, r.key("name"), names)) {
        item.path = prefix + name->text;
        names[name->text] = static_cast<int>(index);
      }
    const Node* tie = written.find("tie");
    if (tie) item.ties = ties(*tie, r.key("tie"), prefix);
    const Node* repeat = written.find("repeat");
    if (tie && (repeat || blocks_.contains(parts.name_of_type))) {
      r.key("tie").problem(tie->where,
                           "'tie' is for a single layer, got " + std::string(repeat ? "a repeat" : "a block"),
                           "write it beside the layer that has the parameter");
    }
    const int64_t copies = repeat ? repeats(*repeat, r.key("repeat")) : 1;
    if (!repeat) {
      fill(item, parts, r);
      return item;
    }
    if (needed.empty()) one_input(item, written, "repeat", r);
    for (int64_t copy = 0; copy < copies && !exhausted_; ++copy) {
      if (!count_values(written, r)) break;
      ModelItem child;
      child.where = item.where;
      child.label = item.label;
      child.notes = item.notes;
      child.from = {static_cast<int>(copy) - 1};
      for (size_t k = 1; k < item.from.size(); ++k) child.from.push_back(ModelItem::input - static_cast<int>(k));
      child.path = item.path + "." + std::to_string(copy);
      fill(child, parts, r);
      item.children.push_back(std::move(child));
    }
    return item;
  }

  // A layer's name with its keys, or a block's children.
  void fill(ModelItem& item, const Item& parts, const Reading& r) {
    const auto found = blocks_.find(parts.name_of_type);
    if (found != blocks_.end()) {
      use_block(*found->second, item, parts, r);
      return;
    }
    if (misspelt_block(parts, r)) return;
    if (++layers_ > most_layers) {
      exhausted_ = true;
      r.problem(item.where, "the model has more than " + count_of(most_layers, "layer"), "repeat less");
    }
    if (parts.used) {
      item.layer = Node::map();
      item.layer.entries.push_back(*parts.used);
    } else {
      item.layer = Node::string(parts.name_of_type);
    }
    item.layer.where = item.where;
  }

  // A name that is no layer and like a block's.
  bool misspelt_block(const Item& parts, const Reading& r) {
    if (blocks_.empty() || !layers() || layers()->has(parts.name_of_type)) return false;
    std::vector<std::string> names;
    for (const auto& [name, block] : blocks_) names.push_back(name);
    const std::string meant = closest(parts.name_of_type, names);
    if (meant.empty() || !meant_layer(parts.name_of_type).empty()) return false;
    r.problem(parts.where, "unknown layer or block " + Node::string(parts.name_of_type).described(),
              "write '" + meant + "'", {"blocks: " + join(names)});
    return true;
  }

  void use_block(const Block& block, ModelItem& item, const Item& parts, const Reading& r) {
    if (const size_t wanted = 1 + block.inputs.size(); item.from.size() != wanted) {
      std::string given;
      for (const std::string& name : block.inputs) given += (given.empty() ? "" : ", ") + name + ": NAME";
      r.key("from").problem(
          item.where,
          concat("block '", block.name, "' has ", count_of(int64_t(wanted), "input"), ", got ", item.from.size()),
          given.empty() ? "write 'inputs: [NAME]' in the block for what it reads besides x"
                        : "write 'from: {" + given + "}'",
          {"it is defined at " + block.where.text()});
      item.from.resize(wanted, ModelItem::input);
    }
    const auto inside = std::find(open_.begin(), open_.end(), block.name);
    if (inside != open_.end()) {
      std::vector<std::string> circle(inside, open_.end());
      circle.push_back(block.name);
      r.problem(item.where, "blocks in a circle: " + join(circle, " -> "), "remove one of these uses");
      return;
    }
    if (open_.size() == deepest) {
      r.problem(item.where, "more than " + count_of(deepest, "block") + " in one another", "nest less");
      return;
    }
    if (++block_uses_ > most_layers) {
      exhausted_ = true;
      r.problem(item.where, "the model uses more than " + count_of(most_layers, "block"), "repeat less");
      return;
    }
    Values values;
    if (!bind(block, parts, r.registered(block.name), values)) return;
    std::vector<std::string> notes{"used by " + item.label + " at " + item.where.text()};
    notes.insert(notes.end(), item.notes.begin(), item.notes.end());
    open_.push_back(block.name);
    Names inside_names{{block_input, ModelItem::input}};
    for (size_t k = 0; k < block.inputs.size(); ++k)
      inside_names[block.inputs[k]] = ModelItem::input - static_cast<int>(k) - 1;
    item.children =
        list(block.layers, block.label + ".layers", item.path + ".", &values, notes, std::move(inside_names));
    open_.pop_back();
  }

  // The values of the block's parameters for one use.
  bool bind(const Block& block, const Item& parts, const Reading& r, Values& values) {
    const Node nothing;
    const Node& given = parts.used ? parts.used->value : nothing;
    const std::vector<std::string> known = block.params.keys();
    bool good = true;
    std::set<std::string> meant;  // by keys that are unknown: not missing too
    if (!given.is_map() && !given.is_null()) {
      r.problem(given.where, "expected a map of params, got " + given.described(), "", {known_keys(known)});
      return false;
    }
    for (const Node::Entry& entry : given.entries) {
      if (block.params.find(entry.key)) continue;
      meant.insert(unknown_key(entry, known, r));
      good = false;
    }
    for (const Node::Entry& param : block.params.entries) {
      const Node* value = given.find(param.key);
      if ((value && !value->is_null()) || !param.value.is_null() || meant.contains(param.key)) continue;
      r.problem(parts.where, "key '" + param.key + "' is missing", "add '" + param.key + ": …'",
                {"block '" + block.name + "' is defined at " + block.where.text()});
      good = false;
    }
    if (!good) return false;
    for (const Node::Entry& param : block.params.entries) {
      const Node* value = given.find(param.key);
      // A default may use the params before it.
      values[param.key] = value && !value->is_null() ? *value : with_values(param.value, values, r.key(param.key));
    }
    return true;
  }

  Item type_of(const Node& written, const Reading& r) {
    if (const auto name = written.as_string()) return {nullptr, *name, written.where};
    const std::string help = "write 'NAME' or 'NAME: {…}', and beside it name, from, repeat, tie or share";
    if (!written.is_map()) {
      r.expected(
          written, "a layer or a block",
          written.is_list() ? "write each of the list as an item of its own; what belongs together is a block" : help);
      return {};
    }
    Item out;
    std::vector<std::string> types;
    for (const Node::Entry& entry : written.entries) {
      if (std::ranges::count(item_keys, entry.key) > 0) continue;
      types.push_back(entry.key);
      out = {&entry, entry.key, entry.key_where};
    }
    if (types.size() == 1) return layer_below(out, r) ? Item{} : out;
    if (types.empty()) {
      r.expected(written, "a layer or a block", help);
    } else if (const Node* named = named_by_key(written); named && is_type(*named->as_string())) {
      const std::string meant = meant_layer(*named->as_string());
      r.expected(written, "a layer or a block", "write '" + meant + ": {…}', the name first");
    } else if (is_type(types[0]) && std::none_of(types.begin() + 1, types.end(), [&](auto& t) { return is_type(t); })) {
      const Node::Entry& beside = *written.entry(types[1]);
      r.problem(beside.key_where, "'" + types[1] + "' stands beside '" + types[0] + "', not below it",
                "indent it further than '" + types[0] + "', or write '" + types[0] + ": {" + types[1] + ": …}'");
    } else {
      r.problem(written.where, "expected one layer or block, got " + join(types),
                "write each as an item of its own: '- " + types[0] + "', '- " + types[1] + "'");
    }
    return {};
  }

  // A layer indented below another, as if it were a key of it.
  bool layer_below(const Item& item, const Reading& r) const {
    if (!layers() || !layers()->has(item.name_of_type) || !item.used->value.is_map()) return false;
    const auto object = layers()->make(item.name_of_type);
    const Schema schema = schema_of(*object);
    for (const Node::Entry& entry : item.used->value.entries) {
      if (schema.field(entry.key) || !(layers()->has(entry.key) || blocks_.contains(entry.key))) continue;
      r.problem(entry.key_where,
                "'" + entry.key + "' stands below '" + item.name_of_type + "', which takes no such key",
                "write it as an item of its own: '- " + entry.key + "'");
      return true;
    }
    return false;
  }

  static const AnyRegistry* layers() {
    for (const AnyRegistry* registry : AnyRegistry::all())
      if (registry->kind() == "layer") return registry;
    return nullptr;
  }
  // A layer's name here or elsewhere, or a block's.
  bool is_type(const std::string& name) const { return blocks_.contains(name) || !meant_layer(name).empty(); }
  std::string meant_layer(const std::string& name) const {
    if (blocks_.contains(name) || !layers()) return name;
    return layers()->meant(name).name;
  }

  static std::vector<std::string> known_names(const Names& names) {
    std::vector<std::string> known;  // inputs first
    for (const bool is_input : {true, false})
      for (const auto& [name, position] : names)
        if ((position < 0) == is_input) known.push_back(name);
    return known;
  }

  bool is_name(const Node& name, const Reading& r, const Names& names) {
    const auto text = name.as_string();
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    const auto digit_or_dash = [](char c) { return (c >= '0' && c <= '9') || c == '-'; };
    // Paths of unnamed items are numbers, so that a name must not be one.
    if (!text || text->empty() || digit_or_dash((*text)[0]) || !std::all_of(text->begin(), text->end(), allowed)) {
      r.expected(name, "a name", "begin with a letter; use letters, digits, _ and -");
      return false;
    }
    const auto taken = names.find(*text);
    if (*text == block_input || (taken != names.end() && taken->second < 0)) {
      r.problem(name.where, "'" + *text + "' names " + (*text == block_input ? "the" : "an") + " input already",
                "write another name");
      return false;
    }
    if (taken != names.end()) {
      r.problem(name.where, "another item of this list is named '" + *text + "'", "write another name");
      return false;
    }
    return true;
  }

  std::vector<int> inputs(const Node& from, const Reading& r, size_t index, const Names& names) {
    const std::vector<int> previous{static_cast<int>(index) - 1};
    const std::vector<Node> given = from.is_list() ? from.items : std::vector<Node>{from};
    if (given.empty()) {
      r.expected(from, "the names of one input or more");
      return previous;
    }
    std::vector<int> out;
    for (const Node& input : given) {
      const auto text = input.as_string();
      if (!text) {
        r.expected(input, "the name of an item before this one, or x");
      } else if (const auto found = names.find(*text); found != names.end()) {
        out.push_back(found->second);
      } else if (inputs_unknown_) {
        out.push_back(ModelItem::input);
      } else {
        const std::vector<std::string> known = known_names(names);
        const std::string meant = closest(*text, known);
        r.problem(input.where, "unknown input '" + *text + "'",
                  meant.empty() ? "give an earlier item 'name: " + *text + "'" : "write '" + meant + "'",
                  {"names before this item: " + join(known)});
      }
    }
    return out.size() == given.size() ? out : previous;
  }

  // {memory: NAME} beside a block with such inputs; x is the item before where it is not given.
  std::vector<int> inputs_by_name(const Node& from, const Reading& r, const std::vector<std::string>& needed,
                                  size_t index, const Names& names) {
    std::vector<std::string> known{block_input};
    known.insert(known.end(), needed.begin(), needed.end());
    std::vector<int> out{static_cast<int>(index) - 1};
    if (needed.empty()) {
      r.expected(from, "the name of an item before this one, or a list of them",
                 "inputs by name are for blocks that have 'inputs: […]'");
      return out;
    }
    std::map<std::string, const Node*> named;
    for (const Node::Entry& entry : from.entries) {
      const bool is_known = std::find(known.begin(), known.end(), entry.key) != known.end();
      named[is_known ? entry.key : unknown_key(entry, known, r)] = &entry.value;
    }
    for (size_t k = 0; k < known.size(); ++k) {
      const Node* given = named[known[k]];
      if (given && given->is_scalar()) {
        const int input = inputs(*given, r.key(known[k]), index, names)[0];
        if (k < out.size())
          out[k] = input;
        else
          out.push_back(input);
      } else if (given) {
        r.key(known[k]).expected(*given, "the name of an item before this one, or x");
      }
    }
    return out;  // fewer where one is missing, which the block tells
  }

  // {PARAMETER: PATH}, a path within this list.
  std::vector<ModelItem::Tie> ties(const Node& tie, const Reading& r, const std::string& prefix) {
    std::vector<ModelItem::Tie> out;
    if (!tie.is_map())
      r.expected(tie, "a map of parameters to those of other layers", "write 'tie: {weight: NAME.weight}'");
    for (const Node::Entry& entry : tie.entries) {
      if (const auto path = entry.value.as_string()) {
        out.push_back({entry.key, prefix + *path, entry.value.where});
      } else {
        r.key(entry.key).expected(entry.value, "the path of a parameter", "write 'NAME.weight'");
      }
    }
    return out;
  }

  int64_t repeats(const Node& repeat, const Reading& r) {
    int64_t count = 1;
    Limits limits;
    limits.at_least = 0;
    limits.at_most = static_cast<double>(most_layers);
    Codec<int64_t>::read(repeat, count, limits, r);
    return count;
  }

  void one_input(ModelItem& item, const Node& written, const std::string& why, const Reading& r) {
    if (item.from.size() == 1) return;
    r.key("from").problem(written.find("from")->where,
                          "'" + why + "' takes one input, got " + std::to_string(item.from.size()),
                          "repeat a block that is given one input");
    item.from.resize(1);
  }

  std::map<std::string, const Block*> blocks_;
  const bool inputs_unknown_;
  std::vector<Problem>& problems_;
  std::vector<std::string> open_;  // blocks being expanded, outermost first
  int64_t layers_ = 0, block_uses_ = 0, values_ = 0;
  bool exhausted_ = false;
};

// What to write for layers that are no list: the first of them as items.
std::string items_help(const Node& given) {
  std::vector<std::string> items;
  for (const Node::Entry& entry : given.entries) {
    if (items.size() == 2) break;
    Node item = Node::map();
    item.entries.push_back(entry);
    std::string text = entry.value.is_null() ? entry.key : to_yaml(item);
    if (text.find('\n') < text.size() - 1) text = entry.key + ": {…}";
    items.push_back("'- " + std::string(trim(text)) + "'");
  }
  if (!items.empty()) return "write each layer as an item: " + join(items);
  if (given.is_scalar() && given.text.starts_with("-")) return "write a space after each '-'";
  if (given.is_scalar() && given.text.find(' ') == std::string::npos)
    return "write [" + given.text + "], or the name of a file: 'models/" + given.text + ".yaml'";
  return "write 'model: [flatten, linear: 10]', or the layers below each other, each behind '- '";
}

// The definitions in a `blocks:` map that are good.
std::vector<Block> definitions(const Node& blocks, const std::string& label, std::vector<Problem>& problems) {
  std::vector<Block> out;
  const Reading all(problems, label);
  if (blocks.is_null()) return out;
  if (!blocks.is_map()) {
    all.expected(blocks, "a map of blocks", "write 'blocks: {NAME: {params: {…}, layers: […]}}'");
    return out;
  }
  for (const Node::Entry& entry : blocks.entries) {
    const Reading r = all.key(entry.key);
    const Node& body = entry.value;
    Block block{entry.key, entry.key_where, r.path(), {}, {}};
    bool good = true;
    if (!body.is_map()) {
      r.expected(body, "a block", "write '" + entry.key + ": {params: {…}, layers: […]}'");
      continue;
    }
    for (const Node::Entry& part : body.entries)
      if (part.key != "params" && part.key != "layers" && part.key != "inputs") {
        unknown_key(part, {"inputs", "layers", "params"}, r);
        good = false;
      }
    if (const Node* params = body.find("params"); params && !params->is_null()) {
      block.params = *params;
      good = params->is_map() && good;
      if (!params->is_map())
        r.key("params").expected(*params, "a map of parameters",
                                 "write '{NAME: DEFAULT}', without a value where it must be given");
    }
    if (const Node* inputs = body.find("inputs"); inputs && !inputs->is_null()) {
      good = Codec<std::vector<std::string>>::read(*inputs, block.inputs, {}, r.key("inputs")) && good;
      std::set<std::string> seen{block_input};
      for (const std::string& name : block.inputs)
        if (!seen.insert(name).second) {
          r.key("inputs").problem(inputs->where, "'" + name + "' is an input already", "write another name");
          good = false;
        }
    }
    const Node* layers = body.find("layers");
    if (!layers) {
      r.problem(entry.key_where, "key 'layers' is missing", "add 'layers: […]', a list of layers and blocks");
      good = false;
    } else if (!layers->is_list()) {
      r.key("layers").expected(*layers, "a list of layers and blocks");
      good = false;
    } else {
      block.layers = *layers;
    }
    for (const AnyRegistry* registry : AnyRegistry::all())
      if (registry->kind() == "layer" && registry->has(entry.key)) {
        r.problem(entry.key_where, "a layer is called '" + entry.key + "' already", "write another name");
        good = false;
      }
    if (std::ranges::count(item_keys, entry.key) > 0) {
      r.problem(entry.key_where, "a block cannot be called '" + entry.key + "', which has a meaning beside a layer",
                "write another name");
      good = false;
    }
    if (good) out.push_back(std::move(block));
  }
  return out;
}

}  // namespace

std::vector<ModelItem> expand_model(const Node& model, const Node& blocks, const std::vector<std::string>& inputs,
                                    std::vector<Problem>& problems) {
  const size_t problems_before = problems.size();
  std::vector<Block> all = definitions(blocks, "blocks", problems);
  const Node* layers = &model;
  std::string label = "model";
  if (model.is_map() && !model.find("layers") && !model.find("blocks") && !model.entries.empty()) {
    const std::vector<std::string> known{"blocks", "layers"};
    if (const Node::Entry& first = model.entries[0]; closest(first.key, known).empty())
      Reading(problems, "model").expected(model, "a list of layers and blocks", items_help(model));
    else
      unknown_key(first, known, Reading(problems, "model"));
    return {};
  }
  if (model.is_map()) {
    label = "model.layers";
    layers = model.find("layers");
    for (const Node::Entry& entry : model.entries)
      if (entry.key != "layers" && entry.key != "blocks")
        unknown_key(entry, {"blocks", "layers"}, Reading(problems, "model"));
    if (const Node* own = model.find("blocks"))
      for (Block& block : definitions(*own, "model.blocks", problems)) {
        std::erase_if(all, [&](const Block& other) { return other.name == block.name; });  // the model's own go first
        all.push_back(std::move(block));
      }
  }
  if (!layers || !layers->is_list()) {
    Reading(problems, label)
        .expected(layers ? *layers : model, "a list of layers and blocks", items_help(layers ? *layers : model));
    return {};
  }
  if (layers->items.empty()) Reading(problems, label).expected(*layers, "at least one layer");
  // A bad definition would be an unknown layer at each of its uses.
  if (problems.size() != problems_before) return {};
  Expansion::Names names;
  for (size_t i = 0; i < inputs.size(); ++i) names[inputs[i]] = ModelItem::input - static_cast<int>(i);
  if (inputs.size() <= 1) names[block_input] = ModelItem::input;
  return Expansion(all, inputs.empty(), problems).list(*layers, label, "", nullptr, {}, std::move(names));
}

}  // namespace dl
