// Expansion of the model list.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/blocks.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "lib/base/text.h"
#include "lib/spec/block.h"
#include "lib/spec/codec.h"
#include "lib/spec/interpolate.h"
#include "lib/spec/item_inputs.h"
#include "lib/spec/item_type.h"
#include "lib/spec/no_layers.h"

namespace dl {
namespace {

constexpr int64_t most_layers = 10'000;
constexpr int64_t most_values = 1'000'000;  // in all layers together
constexpr size_t deepest = 64;              // blocks in one another

using Notes = std::vector<std::string>;

class Expansion {
 public:
  Expansion(const std::vector<ModelBlock>& blocks, bool inputs_unknown, std::vector<Problem>& problems)
      : types_(names_of(blocks)), inputs_unknown_(inputs_unknown), problems_(problems) {
    for (const ModelBlock& block : blocks) blocks_.emplace(block.name, &block);
  }

  // The items of one list. `prefix` is put before the paths of parameters; `values` are those of the block that it
  // stands in.
  std::vector<ModelItem> list(const Node& layers, const std::string& label, const std::string& prefix,
                              const BlockValues* values, const Notes& notes, ItemNames names) {
    std::vector<ModelItem> out;
    for (size_t i = 0; i < layers.items.size() && !exhausted_; ++i) {
      const Reading r = Reading(problems_, label).index(i).noted(notes);
      if (!count_values(layers.items[i], r)) break;
      const Node written = values ? with_values(layers.items[i], *values, r) : layers.items[i];
      const Copies copies = copies_of(written, r);
      if (copies.times == 0) check_unbuilt(written, r);
      for (int64_t copy = 0; copy < copies.times && !exhausted_; ++copy) {
        if (copy > 0 && !count_values(written, r)) break;
        const Node one = copies.numbered ? copies.of(written, copy) : written;
        const size_t place = out.size();
        ModelItem item{.path = prefix + std::to_string(place), .label = r.path(), .where = one.where, .notes = notes};
        read(one, static_cast<int>(place), prefix, names, r, item);
        name_tensors(item, one, r, out);
        out.push_back(std::move(item));
      }
    }
    return out;
  }

  // Behind list(): the blocks that nothing uses, as they are written.
  void check_unused() {
    for (const auto& [name, block] : blocks_) {
      if (used_.contains(name) || exhausted_) continue;
      open_ = {name};
      for (size_t i = 0; i < block->layers.items.size(); ++i)
        check_unbuilt(block->layers.items[i], Reading(problems_, block->label + ".layers").index(i));
      open_.clear();
    }
  }

 private:
  static std::vector<std::string> names_of(const std::vector<ModelBlock>& blocks) {
    std::vector<std::string> names;
    for (const ModelBlock& block : blocks) names.push_back(block.name);
    std::ranges::sort(names);
    return names;
  }

  // A block goes before a layer of its name, which inside the block is the layer: new layers break no config.
  const ModelBlock* block_of(const ItemType& type) const {
    const auto found = blocks_.find(type.name);
    const bool is_inside = std::ranges::count(open_, type.name) > 0;
    return found == blocks_.end() || (is_inside && is_layer(type.name)) ? nullptr : found->second;
  }

  // Adds to one of the counts that bound the model. Beyond `most` that is reported, once, and nothing more is expanded.
  bool count(int64_t& counted, int64_t more, int64_t most, const char* has, const char* noun, const Where& where,
             const Reading& r) {
    counted += more;
    if (counted <= most) return true;
    exhausted_ = true;
    r.problem(where, concat("the model ", has, " more than ", count_of(most, noun)), "repeat less");
    return false;
  }
  bool count_values(const Node& node, const Reading& r) {
    return count(values_, node_count(node), most_values, "has", "value", node.where, r);
  }

  void read(const Node& written, int index, const std::string& prefix, ItemNames& names, const Reading& r,
            ModelItem& item) {
    item.from = {index - 1};  // the item before; the first has x
    static_assert(ModelItem::input == -1);
    const ItemType type = types_.of(written, r);
    if (type.name.empty()) return;
    item.where = type.where;
    const ModelBlock* block = block_of(type);
    if (!block && are_inputs(type, names, r)) return;
    const std::vector<std::string> others = block ? block->inputs : std::vector<std::string>{};
    item.from = names.inputs_of(written, item.where, index, others, r);
    if (const Node* name = written.find("name"); name && names.name_item(*name, index, r.key("name")))
      item.path = prefix + name->text;
    const Node* repeat = written.find("repeat");
    if (const Node* tie = written.find("tie")) {
      item.ties = ties(*tie, r.key("tie"), prefix);
      if (repeat || block)
        r.key("tie").problem(tie->where,
                             "'tie' is for a single layer, got " + std::string(repeat ? "a repeat" : "a block"),
                             "write it beside the layer that has the parameter");
    }
    if (repeat)
      this->repeat(*repeat, written, type, others.empty(), r, item);
    else
      fill(item, type, r);
  }

  // Reports names of items that stand where a layer's keys do: {add: [a, b]}.
  static bool are_inputs(const ItemType& type, const ItemNames& names, const Reading& r) {
    if (!type.entry || !is_layer(type.name) || is_value_of(type.name, type.entry->value)) return false;
    const std::vector<std::string> given = names.named_in(type.entry->value);
    if (given.empty()) return false;
    r.problem(type.entry->value.where,
              concat("expected keys of '", type.name, "', got ", given.size() == 1 ? "a name" : "names",
                     " of what it is to read: ", join(given)),
              concat("write '", type.name, ":', and below it, indented as '", type.name, "' is, 'from: [", join(given),
                     given.size() == 1 ? ", OTHER]', OTHER being the 'name' that the layer above is given" : "]'"));
    return true;
  }

  // Names the item's tensors by its own path, or by that of the earlier item that `share` names.
  static void name_tensors(ModelItem& item, const Node& written, const Reading& r,
                           const std::vector<ModelItem>& earlier) {
    const Node* share = written.find("share");
    if (!share) return name_tensors(item, item.path, item.path);
    const auto wanted = share->as_string();
    std::vector<std::string> known;
    for (const ModelItem& other : earlier) {
      const std::string name = other.path.substr(other.path.rfind('.') + 1);
      if (wanted == name) return name_tensors(item, item.path, other.tensors);
      known.push_back(name);
    }
    r.key("share").expected(
        *share, "the name of an item before this one",
        spelling_help(wanted.value_or(""), known, "give an earlier item of the same kind a 'name', and write it here"));
  }
  static void name_tensors(ModelItem& item, const std::string& own, const std::string& instead) {
    const auto renamed = [&](const std::string& path) { return instead + path.substr(own.size()); };
    item.tensors = renamed(item.tensors.empty() ? item.path : item.tensors);
    for (ModelItem::Tie& tie : item.ties)
      if (tie.path.starts_with(own + ".")) tie.path = renamed(tie.path);
    for (ModelItem& child : item.children) name_tensors(child, own, instead);
  }

  // {PARAMETER: PATH}, a path within this list.
  static std::vector<ModelItem::Tie> ties(const Node& tie, const Reading& r, const std::string& prefix) {
    std::vector<ModelItem::Tie> out;
    if (!tie.is_map())
      r.expected(tie, "a map of parameters to those of other layers", "write 'tie: {weight: NAME.weight}'");
    for (const Node::Entry& entry : tie.entries) {
      if (const auto path = entry.value.as_string())
        out.push_back({entry.key, prefix + *path, entry.value.where});
      else
        r.key(entry.key).expected(entry.value, "the path of a parameter", "write 'NAME.weight'");
    }
    return out;
  }

  static int64_t times_of(const Node& repeat, const Reading& r) {
    int64_t times = 1;
    Codec<int64_t>::read(repeat, times, {.at_least = 0, .at_most = static_cast<double>(most_layers)}, r.key("repeat"));
    return times;
  }

  // An item whose name has a number, layer{1}, is so many items of the list, layer1, layer2, …, and with the name {} as
  // many without one. Any other is itself.
  struct Copies {
    int64_t times = 1;
    bool numbered = false;
    std::string name;   // before the number
    int64_t first = 0;  // number

    // The first reads what `written` says, the others the one before.
    Node of(const Node& written, int64_t copy) const {
      Node one = Node::map();
      one.where = written.where;
      for (const Node::Entry& entry : written.entries) {
        if (entry.key == "repeat" || (entry.key == "name" && name.empty())) continue;
        if (entry.key == "from" && copy > 0 && !entry.value.is_map()) continue;
        one.entries.push_back(entry);
        Node& value = one.entries.back().value;
        if (entry.key == "name") value.text = concat(name, first + copy);
        if (entry.key == "from" && copy > 0)
          std::erase_if(value.entries, [](const Node::Entry& input) { return input.key == block_input; });
      }
      return one;
    }
  };

  static Copies copies_of(const Node& written, const Reading& r) {
    const Node *name = written.find("name"), *repeat = written.find("repeat"), *from = written.find("from");
    const auto text = name ? name->as_string() : std::nullopt;
    const size_t open = text ? text->find('{') : std::string::npos;
    if (open == std::string::npos) return {};
    Copies copies{.numbered = true, .name = text->substr(0, open)};
    const std::string number = text->substr(open + 1, text->find('}', open) - open - 1);
    const char* end = number.data() + number.size();
    const bool has_number = std::from_chars(number.data(), end, copies.first).ptr == end && !number.empty();
    const bool is_right =
        text->ends_with("}") && copies.first >= 0 && (copies.name.empty() ? number.empty() : has_number);
    if (!is_right) copies.name.clear();
    if (!is_right)
      r.key("name").expected(*name, "a name, or one that ends with the number of the first copy in braces",
                             "write 'layer{1}' for layer1, layer2, …, or \"{}\" for copies without names");
    else if (!repeat)
      r.key("name").problem(
          name->where, "only what is repeated has a number in its name",
          "write 'repeat: N' beside it, or " +
              (copies.name.empty() && number.empty() ? "leave the name out" : "'" + copies.name + number + "'"));
    else if (from && from->is_list() && from->items.size() != 1)
      report_inputs(*from, from->items.size(), r);
    else
      copies.times = times_of(*repeat, r);
    return copies;
  }

  static void report_inputs(const Node& from, size_t given, const Reading& r) {
    r.key("from").problem(from.where, concat("'repeat' takes one input, got ", given),
                          "repeat a block that is given one input");
  }

  // The copies, each fed by the one before.
  void repeat(const Node& times, const Node& written, const ItemType& type, bool one_input, const Reading& r,
              ModelItem& item) {
    const int64_t copies = times_of(times, r);
    if (copies == 0) check_unbuilt(written, r);
    if (one_input && item.from.size() != 1) {
      report_inputs(*written.find("from"), item.from.size(), r);
      item.from.resize(1);
    }
    for (int64_t copy = 0; copy < copies && !exhausted_ && count_values(written, r); ++copy) {
      ModelItem child{
          .path = concat(item.path, ".", copy), .label = item.label, .where = item.where, .notes = item.notes};
      child.from = {static_cast<int>(copy) - 1};
      for (size_t k = 1; k < item.from.size(); ++k) child.from.push_back(ModelItem::input - static_cast<int>(k));
      fill(child, type, r);
      item.children.push_back(std::move(child));
    }
  }

  // A layer's name with its keys, or a block's children.
  void fill(ModelItem& item, const ItemType& type, const Reading& r) {
    if (const ModelBlock* block = block_of(type)) return use(*block, item, type, r);
    if (types_.is_misspelt_block(type, r)) return;
    count(layers_, 1, most_layers, "has", "layer", item.where, r);
    item.layer = type.written();
  }

  // What can be told of an item that is not built, and in which ${…} may be left: its layer's or block's keys.
  void check_unbuilt(const Node& written, const Reading& r) {
    if (written.is_scalar() && has_references(written)) return;
    const ItemType type = types_.of(written, r);
    if (type.name.empty()) return;
    const Node given = type.entry ? type.entry->value : Node();
    if (const ModelBlock* block = block_of(type)) {
      if (!given.is_scalar() || !has_references(given)) block->takes(given, type.where, r.registered(block->name));
    } else if (!types_.is_misspelt_block(type, r)) {
      check_layer(type, r);
    }
  }

  void use(const ModelBlock& block, ModelItem& item, const ItemType& type, const Reading& r) {
    used_.insert(block.name);
    expect_inputs(block, item, r);
    const auto inside = std::ranges::find(open_, block.name);
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
    if (!count(block_uses_, 1, most_layers, "uses", "block", item.where, r)) return;
    const auto values = block.values(type.entry ? type.entry->value : Node(), type.where, r.registered(block.name));
    if (!values) return;
    Notes notes{"used by " + item.label + " at " + item.where.text()};
    notes.insert(notes.end(), item.notes.begin(), item.notes.end());
    std::vector<std::string> inputs{block_input};
    inputs.insert(inputs.end(), block.inputs.begin(), block.inputs.end());
    open_.push_back(block.name);
    item.children = list(block.layers, block.label + ".layers", item.path + ".", &*values, notes,
                         ItemNames(inputs, inputs_unknown_));
    open_.pop_back();
  }

  static void expect_inputs(const ModelBlock& block, ModelItem& item, const Reading& r) {
    const size_t wanted = 1 + block.inputs.size();
    if (item.from.size() == wanted) return;
    std::vector<std::string> given;
    for (const std::string& name : block.inputs) given.push_back(name + ": NAME");
    r.key("from").problem(
        item.where,
        concat("block '", block.name, "' has ", count_of(int64_t(wanted), "input"), ", got ", item.from.size()),
        given.empty() ? "write 'inputs: [NAME]' in the block for what it reads besides x"
                      : "write 'from: {" + join(given) + "}'",
        {"it is defined at " + block.where.text()});
    item.from.resize(wanted, ModelItem::input);
  }

  const ItemTypes types_;
  std::map<std::string, const ModelBlock*> blocks_;
  const bool inputs_unknown_;
  std::vector<Problem>& problems_;
  std::vector<std::string> open_;  // blocks being expanded, outermost first
  std::set<std::string> used_;
  int64_t layers_ = 0, block_uses_ = 0, values_ = 0;
  bool exhausted_ = false;
};

// The layers of `model:`, which may be a map {blocks:, layers:} whose blocks go before those of the spec. Null where
// there are none.
const Node* layers_of(const Node& model, std::vector<ModelBlock>& blocks, std::vector<Problem>& problems) {
  if (!model.is_map()) return &model;
  const Reading r(problems, "model");
  const std::vector<std::string> known{"blocks", "layers"};
  const Node *layers = model.find("layers"), *own = model.find("blocks");
  if (!layers && !own && !model.entries.empty()) {
    if (const Node::Entry& first = model.entries[0]; closest(first.key, known).empty())
      r.expected(model, "a list of layers and blocks", items_help(model));
    else
      r.unknown_key(first, known);
    return nullptr;
  }
  for (const Node::Entry& entry : model.entries)
    if (std::ranges::count(known, entry.key) == 0) r.unknown_key(entry, known);
  if (own)
    for (ModelBlock& block : read_blocks(*own, "model.blocks", problems)) {
      std::erase_if(blocks, [&](const ModelBlock& other) { return other.name == block.name; });
      blocks.push_back(std::move(block));
    }
  if (!layers) r.key("layers").expected(model, "a list of layers and blocks", items_help(model));
  return layers;
}

}  // namespace

std::vector<ModelItem> expand_model(const Node& model, const Node& blocks, const std::vector<std::string>& inputs,
                                    std::vector<Problem>& problems) {
  const size_t problems_before = problems.size();
  std::vector<ModelBlock> all = read_blocks(blocks, "blocks", problems);
  const std::string label = model.is_map() ? "model.layers" : "model";
  const Node* layers = layers_of(model, all, problems);
  if (!layers) return {};
  if (!layers->is_list()) {
    Reading(problems, label).expected(*layers, "a list of layers and blocks", items_help(*layers));
    return {};
  }
  if (layers->items.empty()) Reading(problems, label).expected(*layers, "at least one layer");
  // A bad definition would be an unknown layer at each of its uses.
  if (problems.size() != problems_before) return {};
  ItemNames names(inputs, inputs.empty());
  if (inputs.size() <= 1) names.add_input(block_input, ModelItem::input);
  Expansion expansion(all, inputs.empty(), problems);
  std::vector<ModelItem> items = expansion.list(*layers, label, "", nullptr, {}, std::move(names));
  expansion.check_unused();
  return items;
}

}  // namespace dl
