// Planning updates.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/plan_updates.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/graph/ops/leaf.h"

namespace dl {
namespace {

using Add = std::function<void(const std::string& path, std::string what, std::string help)>;

// That each turn has parameters of its own.
void check_turns(const std::vector<Turn>& turns, const Network& network, const Add& add) {
  for (size_t i = 0; i < turns.size(); ++i) {
    const std::string path = concat("turns[", i, "].update");
    std::vector<std::string> idle = turns[i].update.list;  // what no parameter fits
    std::string shared;
    size_t other = 0;
    for (const Tensor& tensor : network.tensors()) {
      if (!tensor.trained || !turns[i].updates(tensor.path)) continue;
      std::erase_if(idle, [&](const std::string& pattern) { return Turn::fits(pattern, tensor.path); });
      for (size_t k = 0; k < i && shared.empty(); ++k)
        if (turns[k].updates(tensor.path)) shared = tensor.path, other = k;
    }
    std::vector<std::string> items;
    for (const std::string& item : network.items())
      if (std::ranges::any_of(network.tensors(), [&](const Tensor& t) { return t.path.starts_with(item + "."); }))
        items.push_back(item);
    if (!idle.empty())
      add(path, "no parameter of the model is " + join(idle, " or "),
          "write an item of the model that has some: " + join(items, ", "));
    else if (!shared.empty())
      add(path, concat("'", shared, "' is updated by turns[", other, "] already"),
          "let each turn update parameters of its own");
  }
}

// That the losses of each update depend on what it updates.
void check_dependence(const Plan& plan, const Add& add) {
  const ForwardParts parts = plan.objectives.parts(*plan.network, *plan.data.train, plan.seed());
  const std::vector<Update> updates = plan.updates();
  Graph whole;
  const MeasureLayout measures = forward(whole, parts, 2, false).measures;
  for (size_t i = 0; i < updates.size(); ++i) {
    Graph g;
    const TurnPart turn{i, measures};
    const Value loss = forward(g, parts, 2, false, &turn).loss, flat = variable(g, plan.network->parameters());
    std::vector<Value> wrt;
    for (const Tensor& tensor : plan.network->tensors())
      if (tensor.trained && updates[i].has(tensor.offset, 0)) wrt.push_back(view(flat, tensor.offset, tensor.shape));
    if (std::ranges::any_of(gradients(loss, wrt), [](Value d) { return bool(d); })) continue;
    add(!plan.run.turns.empty() ? concat("turns[", i, "]")
        : plan.run.loss         ? "loss"
                                : "losses",
        "the loss depends on no parameter that is updated",
        plan.run.freeze.empty() ? "let it read the output of a layer with weights, or one behind it"
                                : "leave a part of what the loss depends on out of 'freeze'");
  }
}

// That what measures curvature is given a loss that can draw targets, and one measure for all.
void check_curvature(const Plan& plan, const Add& add) {
  const std::vector<Update> updates = plan.updates();
  for (size_t i = 0; i < updates.size(); ++i) {
    if (updates[i].ranges.empty()) continue;
    const Optimizer& first = *updates[i].ranges.front().optimizer;
    for (const UpdateRange& range : updates[i].ranges)
      if (range.optimizer->curvature_every() != first.curvature_every())
        return add("optimizer",
                   concat("groups of '", first.name, "' measure the curvature each in updates of their own"),
                   "write 'every' outside of the groups");
    if (first.curvature_every() == 0) continue;
    for (const Objectives::Term& term : plan.objectives.losses()) {
      Graph g;
      const Value x = input(g, "x", {DType::f32, {1, 2}}), uniform = input(g, "uniform", {DType::f32, {1, 2}});
      if (term.turn != i || term.loss->of_drawn(x, uniform)) continue;
      add(term.path,
          concat("'", first.name, "' draws targets by what the model predicts, and '", term.loss->name,
                 "' stands for no probabilities"),
          "take cross_entropy, nll, bce_with_logits or mse, or another optimizer");
    }
  }
}

// That what searches along a direction is alone: what else would change the parameters or the gradient.
void check_search(const Plan& plan, const Add& add) {
  const std::vector<const UpdateChain*> chains = plan.run.chains();
  const auto chain = std::ranges::find_if(chains, [](const UpdateChain* c) { return (*c)->searches().has_value(); });
  if (chain == chains.end()) return;
  const std::string who = concat("'", (**chain)->name, "' searches along its direction");
  if (!plan.run.turns.empty()) return add("turns", who + ", and a turn is one update", "write 'line_search: none'");
  const Update update = plan.updates().front();
  if (!update.before.empty() || !update.after.empty())
    add("optimizer",
        concat(who, ", which '", (update.before.empty() ? update.after : update.before).front()->name, "' would leave"),
        "leave the other rules out, or write 'line_search: none'");
  if (update.ranges.size() > 1)
    add("optimizer",
        who + " of all parameters at once, and groups, or what is frozen for a while, have directions of their own",
        "leave 'groups' and 'until' out, or write 'line_search: none'");
  Graph g;
  forward(g, plan.objectives.parts(*plan.network, *plan.data.train, plan.seed()), 2, true);
  for (int node = 0; node < g.size(); ++node)
    if (const auto* read = dynamic_cast<const VariableOp*>(g.node(node).op.get());
        read && read->variable.role == Role::carried_in_training)
      return add("optimizer",
                 who + " by the loss of one batch, which depends on what the batch before left in the model",
                 "leave 'stateful' out, or write 'line_search: none'");
}

// That an optimizer's chain has no rule which is a key of the trainer too.
void expect_once(const std::string& key, const std::string& rule, const std::vector<std::unique_ptr<UpdateRule>>& rules,
                 const Add& add) {
  if (std::ranges::none_of(rules, [&](const auto& own) { return own->name == rule; })) return;
  add(key, "'optimizer' has '" + rule + "' in its list too", "leave one of them out");
}

// What keeps averages of the weights, of which one can be validated.
std::vector<std::string> averages_of(const UpdateChain& chain) {
  std::vector<std::string> names;
  if (chain->averages()) names.push_back(chain->name);
  for (const auto& rule : chain.after)
    if (rule->averages()) names.push_back(rule->name);
  return names;
}

// That each rule acts on some parameter of those that its chain updates.
void expect_some(const UpdateChain& chain, const Update& update, const Network& network, const std::string& place,
                 const Add& add) {
  const auto expect = [&](const UpdateRule& rule, size_t index) {
    const bool some = std::ranges::any_of(network.tensors(), [&](const Tensor& tensor) {
      return tensor.trained && update.has(tensor.offset, Frozen::always) &&
             rule.acts_on(tensor.path, tensor.shape.rank());
    });
    if (some) return;
    std::vector<std::string> paths;
    for (const Tensor& tensor : network.tensors())
      if (tensor.trained && update.has(tensor.offset, Frozen::always) && paths.size() < 8) paths.push_back(tensor.path);
    add(concat(place, "[", index, "]"), concat("'", rule.name, "' acts on no parameter that is updated"),
        "write a pattern that fits one of them: " + join(paths));
  };
  for (size_t i = 0; i < chain.before.size(); ++i) expect(*chain.before[i], i);
  for (size_t i = 0; i < chain.after.size(); ++i) expect(*chain.after[i], chain.before.size() + 1 + i);
}

}  // namespace

void plan_updates(Plan& plan, std::vector<Problem>& problems, const Add& add) {
  if (!plan.run.optimizer) return;
  const std::vector<const UpdateChain*> chains = plan.run.chains();
  const std::vector<Turn>& turns = plan.run.turns;
  std::vector<ParameterGroups::Part> parts;
  for (size_t i = 0; i < chains.size(); ++i) {
    const bool own = i < turns.size() && turns[i].optimizer;
    const Reading place(problems, own ? concat("turns[", i, "].optimizer") : "optimizer");
    parts.push_back({chains[i]->optimizer.get(), chains[i]->place_of_optimizer(place)});
    const Turn* turn = i < turns.size() ? &turns[i] : nullptr;
    if (turn || !plan.run.freeze.empty())
      parts.back().has = [turn, network = plan.network.get()](const Tensor& tensor) {
        return network->frozen_until(tensor.path) != Frozen::always && (!turn || turn->updates(tensor.path));
      };
  }
  const bool whole = problems.empty() && plan.network;
  if (whole) check_turns(turns, *plan.network, add);
  Network* network = whole && problems.empty() ? plan.network.get() : nullptr;
  plan.groups = ParameterGroups(parts, plan.run.optimizer->learning_rate(), network);
  if (network && problems.empty()) check_dependence(plan, add);
  if (network && problems.empty()) check_curvature(plan, add);
  if (network && problems.empty()) check_search(plan, add);
  const TrainerSpec& trainer = plan.run.trainer;
  if (const auto& bound = trainer.gradient_clip_val) {
    const std::string rule = "clip_" + trainer.gradient_clip_algorithm;
    Node keys = Node::map();
    keys.set(rule, Node::number(*bound));
    plan.clip = Registry<UpdateRule>::read(keys, Reading(problems, "trainer.gradient_clip_val"));
    for (const UpdateChain* chain : chains) expect_once("trainer.gradient_clip_val", rule, chain->before, add);
  }
  for (size_t i = 0; i < chains.size(); ++i) {
    const std::string place = i < turns.size() && turns[i].optimizer ? concat("turns[", i, "].optimizer") : "optimizer";
    if (trainer.ema.object) expect_once("trainer.ema", "ema", chains[i]->after, add);
    if (network && problems.empty()) expect_some(*chains[i], {.ranges = plan.groups.ranges(i)}, *network, place, add);
    std::vector<std::string> averages = averages_of(*chains[i]);
    if (trainer.ema.object && std::ranges::count(averages, "ema") == 0) averages.push_back("trainer.ema");
    if (averages.size() > 1)
      add(place, "'" + join(averages, "' and '") + "' each keep an average of the weights, of which one is validated",
          "leave one of them out");
  }
}

bool Plan::averages_weights() const {
  const auto averages = [](const auto* part) { return part->averages(); };
  for (const Update& update : updates())
    if (std::ranges::any_of(update.after, averages) ||
        std::ranges::any_of(update.ranges, averages, &UpdateRange::optimizer))
      return true;
  return std::ranges::any_of(recipe().kept, [](const Variable& v) { return v.role == Role::average; });
}

std::vector<Update> Plan::updates() const {
  std::vector<Update> updates;
  for (const UpdateChain* chain : run.chains()) {
    Update& update = updates.emplace_back(Update{.ranges = groups.ranges(updates.size())});
    if (!run.turns.empty()) update.every = run.turns[updates.size() - 1].every;
    update.moves_momentum = run.schedule && run.schedule->mover_of_momentum();
    if (clip) update.before.push_back(clip.get());
    for (const auto& rule : chain->before) update.before.push_back(rule.get());
    for (const auto& rule : chain->after) update.after.push_back(rule.get());
    if (run.trainer.ema.object) update.after.push_back(run.trainer.ema.object.get());
  }
  return updates;
}

}  // namespace dl
