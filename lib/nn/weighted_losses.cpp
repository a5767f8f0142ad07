// Losses by name in the spec.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/weighted_losses.h"

#include <algorithm>
#include <cctype>

#include "lib/base/text.h"
#include "lib/spec/several.h"
#include "lib/spec/write.h"

namespace dl {
namespace {

constexpr const char* weight_key = "weight";

bool is_plain(const std::string& name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

// The name of an item's loss, as it is registered; empty where nothing is told. `keys` are those below it.
std::string loss_of(const Node& item, Node& keys) {
  const auto& registry = Registry<Loss>::instance();
  if (const auto name = item.as_string()) return registry.meant(*name).name;
  for (const Node::Entry& entry : item.entries) {
    if (std::string name = registry.meant(entry.key).name; registry.has(entry.key) || same_word(name, entry.key)) {
      if (entry.value.is_map()) keys = entry.value;
      return name;
    }
  }
  return "";
}

// What a loss reads beside the output: its targets, else another item of the model; empty where it reads nothing else.
std::string second_key(const std::string& loss) {
  const auto object = Registry<Loss>::make(loss);
  const Schema schema = schema_of(*object);
  if (schema.field("target")) return "target";
  const auto required = std::ranges::find_if(schema.fields(), [](const Field& field) { return field.is_required(); });
  return required == schema.fields().end() ? "" : required->key();
}

// `{mse: {weight: 0.5}, from: [value, price]}` as {mse: {output: value, target: price}, weight: 0.5}, and the name that
// it may have.
std::optional<std::pair<std::string, Node>> named_loss(const Node& item) {
  Node keys = Node::map();
  const std::string loss = loss_of(item, keys);
  if (loss.empty()) return {};
  std::string name = loss;
  if (const Node* from = item.find("from")) {
    const std::vector<Node> read = from->is_list() ? from->items : std::vector{*from};
    if (!read.empty()) keys.set("output", read[0]);
    if (const std::string second = second_key(loss); read.size() > 1 && !second.empty()) keys.set(second, read[1]);
    if (!read.empty() && is_plain(read[0].text)) name = read[0].text;
  }
  Node out = Node::map(), weight;
  if (const Node* beside = item.find(weight_key)) weight = *beside;
  if (const Node* within = keys.find(weight_key); within && within->as_number()) {  // those of classes are a list
    weight = *within;
    keys.erase(weight_key);
  }
  const auto object = Registry<Loss>::make(loss);
  const Schema schema = schema_of(*object);
  std::erase_if(keys.entries, [&](const Node::Entry& entry) {
    return Registry<Loss>::instance().advice_on_key(schema, entry.key).starts_with("leave it out");
  });
  if (item.entries.size() == 1 && item.entries[0].value.as_number() && !schema.positional())
    weight = item.entries[0].value;  // {dice: 0.5}
  out.set(loss, std::move(keys));
  if (!weight.is_null()) out.set(weight_key, std::move(weight));
  return std::pair(name, std::move(out));
}

bool read_term(const Node& node, WeightedLoss& term, const Reading& r) {
  Node named = node;
  bool good = true;
  if (const Node* weight = node.is_map() ? node.find(weight_key) : nullptr) {
    Limits limits;
    limits.above = 0;
    good = Codec<double>::read(*weight, term.weight, limits, r.key(weight_key));
    std::erase_if(named.entries, [](const Node::Entry& entry) { return entry.key == weight_key; });
  }
  if (named.is_map() && named.entries.size() > 1)
    for (const char* key : {"factor", "coefficient", "coef", "lambda", "scale", "loss_weight"})
      if (const Node::Entry* entry = named.entry(key)) {
        r.problem(entry->key_where, "unknown key " + Node::string(key).described(), concat("write '", weight_key, "'"));
        return false;
      }
  term.loss = Registry<Loss>::read(named, r);
  return good && term.loss;
}

// What to write for a list or a map of losses, as far as it says: "write 'losses: {kind: {mse: {output: kind}}, …}'".
std::string losses_help(const Node& several) {
  std::vector<std::pair<std::string, Node>> losses;
  for (const Node& item : several.items)
    if (auto loss = named_loss(item)) losses.push_back(*std::move(loss));
  for (const Node::Entry& entry : several.entries) {
    Node item = Node::map();
    item.set(entry.key, entry.value);
    if (auto loss = named_loss(item))
      losses.push_back(*std::move(loss));
    else if ((loss = named_loss(entry.value)))
      losses.emplace_back(entry.key, std::move(loss->second));
  }
  constexpr size_t most_shown = 4;
  const bool all_known = losses.size() == several.items.size() + several.entries.size();
  if (losses.empty() || !all_known || losses.size() > most_shown)
    return "write 'losses: {kind: {cross_entropy: {output: kind}}, value: {mse: {output: value}}}'";
  Node map = Node::map();
  for (auto& [name, loss] : losses) {
    std::string own = name;
    for (int n = 2; map.find(own); ++n) own = concat(name, n);
    map.set(own, std::move(loss));
  }
  return concat("write 'losses: ", to_yaml_line(map), "'");
}

[[maybe_unused]] const bool said = (say_of_several(Loss::kind, losses_help), true);

}  // namespace

bool Codec<WeightedLosses>::read(const Node& node, WeightedLosses& value, const Limits& limits, const Reading& r) {
  WeightedLosses read;
  if (node.is_null()) {
    value = {};
    return true;
  }
  const bool by_weight =
      std::ranges::all_of(node.entries, [](const auto& entry) { return entry.value.as_number().has_value(); });
  if (!node.is_map() || by_weight) {
    r.expected(node, type(limits), losses_help(node));
    return false;
  }
  bool good = true;
  for (const Node::Entry& entry : node.entries) {
    if (!is_plain(entry.key)) {
      r.problem(entry.key_where, "expected a name of letters, digits, _ and -, got '" + entry.key + "'",
                "write a name: the figure will be 'train/NAME_loss'");
      good = false;
      continue;
    }
    WeightedLoss& term = read.terms.emplace_back();
    term.name = entry.key;
    good &= read_term(entry.value, term, r.key(entry.key));
  }
  if (good) value = std::move(read);
  return good;
}

Node Codec<WeightedLosses>::write(const WeightedLosses& value) {
  if (value.terms.empty()) return Node::null();
  Node out = Node::map();
  for (const WeightedLoss& term : value.terms) {
    Node node = write_registered(*term.loss);
    node.set(weight_key, Node::number(term.weight));
    out.set(term.name, std::move(node));
  }
  return out;
}

std::string Codec<WeightedLosses>::type(const Limits&) { return "a map from names to losses, each with its 'weight'"; }

Node Codec<WeightedLosses>::json_schema(const Limits&) {
  Node any = Node::map();
  any.set("type", Node::string("object"));
  return json_schema::or_null(json_schema::map_of(std::move(any)));
}

}  // namespace dl
