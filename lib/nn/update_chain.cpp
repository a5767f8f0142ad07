// Reading a chain.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/update_chain.h"

#include <algorithm>

#include "lib/base/text.h"

namespace dl {
namespace {

constexpr const char* example = "write 'optimizer: [clip_norm: 1, adamw: {lr: 1e-3}]'";

std::string name_in(const Node& item) {
  if (const auto text = item.as_string()) return *text;
  return item.is_map() && item.entries.size() == 1 ? item.entries[0].key : "";
}

// Whether a name is a rule's, or is likelier meant to be than an optimizer's.
bool names_rule(const std::string& name) {
  const auto stands_for = [&](const AnyRegistry& registry) {
    const AnyRegistry::Meant meant = registry.meant(name);
    return !meant.name.empty() || !meant.help.empty();
  };
  const AnyRegistry &rules = Registry<UpdateRule>::instance(), &optimizers = Registry<Optimizer>::instance();
  return rules.has(name) || (!optimizers.has(name) && !stands_for(optimizers) && stands_for(rules));
}

bool read_list(const Node& node, UpdateChain& value, const Reading& r) {
  UpdateChain chain;
  bool good = true;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = node.items[i];
    if (!names_rule(name_in(item))) {
      std::unique_ptr<Optimizer> optimizer = Registry<Optimizer>::read(item, r.index(i));
      if (optimizer && chain.optimizer) {
        r.index(i).problem(item.where,
                           concat("a second optimizer, '", optimizer->name, "', after '", chain.optimizer->name, "'"),
                           "leave one of them out; 'groups:' gives some parameters other values of its keys");
        good = false;
      }
      good = good && optimizer != nullptr;
      if (!chain.optimizer) chain.optimizer = std::move(optimizer);
      continue;
    }
    std::unique_ptr<UpdateRule> rule = Registry<UpdateRule>::read(item, r.index(i));
    if (!rule) {
      good = false;
      continue;
    }
    const bool behind = chain.optimizer != nullptr;
    if (rule->after_optimizer() != behind) {
      r.index(i).problem(item.where,
                         concat("'", rule->name, "' acts on ",
                                behind ? "the gradient, which the optimizer before it "
                                         "has taken"
                                       : "the new parameters, which the optimizer is yet "
                                         "to make"),
                         concat("write it ", behind ? "before" : "after", " the optimizer"));
      good = false;
    }
    auto& rules = behind ? chain.after : chain.before;
    if (std::ranges::any_of(rules, [&](const auto& other) { return other->name == rule->name; })) {
      r.index(i).problem(item.where, concat("'", rule->name, "' a second time"), "leave one of them out");
      good = false;
    }
    rules.push_back(std::move(rule));
  }
  if (good && !chain.optimizer) {
    r.problem(node.where, "no optimizer is in the list", example, {Registry<Optimizer>::instance().known()});
    good = false;
  }
  if (good) value = std::move(chain);
  return good;
}

}  // namespace

Reading UpdateChain::place_of_optimizer(const Reading& r) const {
  const bool alone = before.empty() && after.empty();
  return (alone ? r : r.index(before.size())).registered(optimizer->name);
}

bool Codec<UpdateChain>::read(const Node& node, UpdateChain& value, const Limits&, const Reading& r) {
  if (node.is_list()) return read_list(node, value, r);
  std::unique_ptr<Optimizer> optimizer = Registry<Optimizer>::read(node, r);
  if (!optimizer) return false;
  value = {};
  value.optimizer = std::move(optimizer);
  return true;
}

Node Codec<UpdateChain>::write(const UpdateChain& value) {
  if (!value) return Node::null();
  if (value.before.empty() && value.after.empty()) return write_registered(*value.optimizer);
  Node list = Node::list();
  for (const auto& rule : value.before) list.items.push_back(write_registered(*rule));
  list.items.push_back(write_registered(*value.optimizer));
  for (const auto& rule : value.after) list.items.push_back(write_registered(*rule));
  return list;
}

std::string Codec<UpdateChain>::type(const Limits&) { return "an optimizer, or a list of one and rules around it"; }

Node Codec<UpdateChain>::json_schema(const Limits&) {
  const Node optimizer = Registry<Optimizer>::instance().json_schema();
  Node any = Node::map();
  any.set("anyOf", Node::list({optimizer, Registry<UpdateRule>::instance().json_schema()}));
  Node out = Node::map();
  out.set("anyOf", Node::list({optimizer, json_schema::list_of(std::move(any))}));
  return out;
}

const AnyRegistry* Codec<UpdateChain>::registry() { return &Registry<Optimizer>::instance(); }

const Node* optimizer_keys(const Node& resolved) {
  const Node* chain = resolved.find("optimizer");
  if (!chain) return nullptr;
  const auto keys_in = [](const Node& item) -> const Node* {
    const bool named =
        item.is_map() && item.entries.size() == 1 && Registry<Optimizer>::instance().has(item.entries[0].key);
    return named ? &item.entries[0].value : nullptr;
  };
  if (!chain->is_list()) return keys_in(*chain);
  for (const Node& item : chain->items)
    if (const Node* keys = keys_in(item)) return keys;
  return nullptr;
}

}  // namespace dl
