// What of a checkpoint must be as the run has it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/resuming.h"

#include <algorithm>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/nn/layer.h"
#include "lib/nn/optimizer.h"
#include "lib/spec/yaml.h"

namespace dl {
namespace {

[[noreturn]] void refuse(const Checkpoint& checkpoint, std::string what, std::string help, Exit exit = Exit::usage) {
  throw Error(exit,
              Problem{.where = {.file = checkpoint.folder.string()}, .what = std::move(what), .help = std::move(help)});
}

Node resolved_in(const Checkpoint& checkpoint) {
  const std::filesystem::path file = checkpoint.resolved();
  return parse_yaml(read_file(file, resolved_limits.bytes), file.string(), resolved_limits);
}

// The optimizer's groups in a resolved config.
Node groups_of(const Node& resolved) {
  const Node* keys = optimizer_keys(resolved);
  const Node* groups = keys ? keys->find("groups") : nullptr;
  return groups ? *groups : Node::list();
}

int64_t accumulation_in(const Node& resolved) {
  const Node* batches = find_path(resolved, "trainer.accumulate_grad_batches");
  return batches ? batches->as_integer().value_or(1) : 1;
}

// The name of an optimizer, or of that in a chain.
std::string optimizer_in(const Node* chain) {
  if (!chain) return "";
  const auto name_of = [](const Node& item) {
    return item.is_map() && item.entries.size() == 1 ? item.entries[0].key : item.as_string().value_or("");
  };
  if (!chain->is_list()) return name_of(*chain);
  for (const Node& item : chain->items)
    if (Registry<Optimizer>::instance().has(name_of(item))) return name_of(item);
  return "";
}

// Of each turn, or of the run.
std::vector<std::string> optimizers_in(const Node& resolved) {
  const std::string of_run = optimizer_in(resolved.find("optimizer"));
  std::vector<std::string> names;
  if (const Node* turns = resolved.find("turns"))
    for (const Node& turn : turns->items) {
      const std::string own = optimizer_in(turn.find("optimizer"));
      names.push_back(own.empty() ? of_run : own);
    }
  return names.empty() ? std::vector{of_run} : names;
}

struct LayerKeys {
  std::string label, path;
  Node layer;              // with every key
  std::vector<int> reads;  // the numbers of layers before it; below 0 those of the model's inputs
};

// Adds those of a list that is given such numbers, one after another. Returns what each of its items gives.
std::vector<int> add_layers(const std::vector<ModelItem>& items, const std::vector<int>& given,
                            std::vector<LayerKeys>& layers) {
  std::vector<int> made;
  for (const ModelItem& item : items) {
    std::vector<int> reads;
    for (const int from : item.from)
      reads.push_back(from < 0 ? given.at(ModelItem::input_number(from)) : made.at(static_cast<size_t>(from)));
    if (item.is_layer()) {
      std::vector<Problem> problems;
      const std::unique_ptr<Layer> layer = Registry<Layer>::read(item.layer, Reading(problems));
      made.push_back(static_cast<int>(layers.size()));
      layers.push_back(
          {item.label, item.path, layer && problems.empty() ? write_registered(*layer) : item.layer, reads});
    } else {
      const std::vector<int> inner = add_layers(item.children, reads, layers);
      made.push_back(inner.empty() ? reads.at(0) : inner.back());
    }
  }
  return made;
}

std::vector<LayerKeys> layers_in(const std::vector<ModelItem>& items, const Plan& plan) {
  std::vector<LayerKeys> layers;
  std::vector<int> given;
  for (size_t i = 0; i < plan.network->inputs().size(); ++i) given.push_back(-1 - static_cast<int>(i));
  add_layers(items, given, layers);
  return layers;
}

// None where this version does not read it.
std::vector<LayerKeys> layers_in(const Node& resolved, const Plan& plan) {
  const Node *model = resolved.find("model"), *blocks = resolved.find("blocks");
  if (!model) return {};
  std::vector<std::string> names;
  for (const Network::Input& input : plan.network->inputs()) names.push_back(input.name);
  std::vector<Problem> problems;
  const std::vector<ModelItem> items = expand_model(*model, blocks ? *blocks : Node::null(), names, problems);
  return problems.empty() ? layers_in(items, plan) : std::vector<LayerKeys>();
}

// What a layer reads, by names: "'stem' and 'x'".
std::string names_read(const LayerKeys& layer, const std::vector<LayerKeys>& layers, const Plan& plan) {
  std::vector<std::string> names;
  for (const int from : layer.reads)
    names.push_back(from < 0 ? plan.network->inputs().at(static_cast<size_t>(-1 - from)).name
                             : layers.at(static_cast<size_t>(from)).path);
  return "'" + join(names, "' and '") + "'";
}

// The rules of an update beside its optimizer; null where there are none.
Node rules_in(const Node& resolved) {
  Node rules = Node::list();
  if (const Node* chain = resolved.find("optimizer"); chain && chain->is_list())
    for (const Node& item : chain->items)
      if (!Registry<Optimizer>::instance().has(optimizer_in(&item))) rules.items.push_back(item);
  return rules.items.empty() ? Node::null() : rules;
}

}  // namespace

void expect_same_run(const Plan& plan, const Checkpoint& checkpoint) {
  const TrainState& saved = checkpoint.state;
  if (saved.seed != plan.seed())
    refuse(checkpoint, concat("was trained with seed ", saved.seed, ", the config has seed ", plan.seed()),
           concat("write 'seed: ", saved.seed, "', or start a new run"));
  if (const int64_t now = plan.run.data.batch_size; saved.batch_size != now)
    refuse(checkpoint, concat("was trained with batches of ", saved.batch_size, ", the config has batch_size ", now),
           concat("write 'data.batch_size: ", saved.batch_size, "', or start a new run"));
  const Node resolved = resolved_in(checkpoint);
  if (const int64_t before = accumulation_in(resolved), now = plan.run.trainer.accumulate_grad_batches; before != now)
    refuse(checkpoint, concat("was trained with accumulate_grad_batches ", before, ", the config has ", now),
           concat("write 'trainer.accumulate_grad_batches: ", before, "', or start a new run"));
  const Node own = plan.resolved_node();
  for (const char* path : {"data.shuffle", "data.balanced", "data.drop_last", "data.buckets"})
    if (const Node* before = find_path(resolved, path), *now = find_path(own, path);
        before && now && !same_value(*before, *now))
      refuse(checkpoint,
             concat("was trained with ", path, ' ', to_json(*before, 0), ", the config has ", to_json(*now, 0)),
             concat("write '", path, ": ", to_json(*before, 0), "', or start a new run"));
  const Node now = groups_of(own), then = groups_of(resolved);
  if (!same_value(now, then))
    refuse(checkpoint,
           concat("was trained with the parameter groups ", to_json(then, 0), ", the config has ", to_json(now, 0)),
           "give the optimizer the same 'groups:', or start a new run with 'init_from:' this checkpoint's weights");
}

void expect_same_model(const Plan& plan, const Checkpoint& checkpoint) {
  constexpr const char* others = "or start a new run with 'init_from:' this checkpoint's weights";
  const Node resolved = resolved_in(checkpoint);
  const std::vector<LayerKeys> layers = layers_in(plan.items, plan), before = layers_in(resolved, plan);
  if (!before.empty() && before.size() != layers.size())
    refuse(checkpoint,
           concat("was trained with ", count_of(std::ssize(before), "layer"), ", the config has ", layers.size()),
           concat("write the model as it was, ", others));
  for (size_t i = 0; i < before.size(); ++i)
    if (!same_value(before[i].layer, layers[i].layer))
      refuse(checkpoint,
             concat("was trained with ", to_json(before[i].layer, 0), " as ", layers[i].label, ", the config has ",
                    to_json(layers[i].layer, 0)),
             concat("write the model as it was, ", others));
  for (size_t i = 0; i < before.size(); ++i)
    if (before[i].reads != layers[i].reads)
      refuse(checkpoint,
             concat("was trained with ", layers[i].label, " reading ", names_read(before[i], before, plan),
                    ", in the config it reads ", names_read(layers[i], layers, plan)),
             concat("write the model as it was, ", others));
  const std::vector<std::string> now = optimizers_in(plan.resolved_node()), then = optimizers_in(resolved);
  for (size_t i = 0; i < std::min(now.size(), then.size()); ++i)
    if (now[i] != then[i])
      refuse(checkpoint, concat("was trained by '", then[i], "', the config has '", now[i], "'"),
             concat("write the optimizer as it was, ", others));
}

std::vector<std::string> changes_since(const Plan& plan, const Checkpoint& checkpoint) {
  const Node resolved = resolved_in(checkpoint), own = plan.resolved_node();
  std::vector<std::string> changes;
  const auto tell = [&](const std::string& what, const Node& before, const Node& now) {
    const auto text = [](const Node& node) { return node.is_null() ? "none" : to_json(node, 0); };
    if (text(before) != text(now)) changes.push_back(concat(what, " was ", text(before), ", from here on ", text(now)));
  };
  const Node *before = optimizer_keys(resolved), *now = optimizer_keys(own);
  for (size_t i = 0; before && now && i < before->entries.size(); ++i)
    if (const Node* value = now->find(before->entries[i].key))
      tell("the optimizer's " + before->entries[i].key, before->entries[i].value, *value);
  tell("what the optimizer's list has besides", rules_in(resolved), rules_in(own));
  constexpr std::pair<const char*, const char*> others[] = {
      {"the schedule", "schedule"},
      {"the loss", "loss"},
      {"the sum of losses", "losses"},
      {"the list of turns", "turns"},
      {"what is frozen", "freeze"},
      {"what is done to samples", "data.transforms"},
      {"what is done to batches", "data.batch_transforms"},
      {"the average of weights", "trainer.ema"},
      {"the average of late epochs", "trainer.stochastic_weight_averaging"},
      {"what lowers the rate", "trainer.reduce_on_plateau"},
      {"the bound of gradients", "trainer.gradient_clip_val"},
      {"how gradients are clipped", "trainer.gradient_clip_algorithm"},
      {"the precision", "trainer.precision"}};
  for (const auto& [what, path] : others) {
    const Node *then = find_path(resolved, path), *value = find_path(own, path);
    if (then && value) tell(what, *then, *value);
  }
  return changes;
}

bool has_same(const Plan& plan, const Checkpoint& checkpoint, std::initializer_list<const char*> paths) {
  const Node resolved = resolved_in(checkpoint), own = plan.resolved_node();
  return std::ranges::all_of(paths, [&](const char* path) {
    const Node *then = find_path(resolved, path), *now = find_path(own, path);
    return then && now && same_value(*then, *now);
  });
}

void expect_same_data(const std::string& fingerprint, const Checkpoint& checkpoint) {
  const std::string& then = checkpoint.state.data;
  if (fingerprint != then)
    refuse(checkpoint, concat("was trained on other data: fingerprint ", then, ", the data now have ", fingerprint),
           "put the data back as they were, or start a new run", Exit::data);
}

}  // namespace dl
