// Losses by name in the spec.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/weighted_losses.h"

#include <algorithm>
#include <cctype>

#include "lib/base/text.h"

namespace dl {
namespace {

constexpr const char* weight_key = "weight";

bool is_plain(const std::string& name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
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
  term.loss = Registry<Loss>::read(named, r);
  return good && term.loss;
}

}  // namespace

bool Codec<WeightedLosses>::read(const Node& node, WeightedLosses& value, const Limits& limits, const Reading& r) {
  WeightedLosses read;
  if (node.is_null()) {
    value = {};
    return true;
  }
  if (!node.is_map() || node.entries.empty()) {
    r.expected(node, type(limits),
               "write 'losses: {kind: {cross_entropy: {output: kind}}, value: {mse: {output: value}}}'");
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
