// Reading groups, and choosing their parameters.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/parameter_groups.h"

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/text.h"

namespace dl {
namespace {

constexpr size_t parameters_told = 8;

bool contains(const ParameterGroup& group, const Tensor& tensor) {
  const int64_t rank = tensor.shape.rank();
  const auto suits = [](const Patterns& patterns, const std::string& text) {
    return patterns.empty() || patterns.fit(text);
  };
  return suits(group.match, tensor.path) && suits(group.layer, tensor.layer) && rank >= group.min_rank.value_or(rank) &&
         rank <= group.max_rank.value_or(rank);
}

// The optimizer with the group's keys in the place of its own; null where they were not understood.
std::unique_ptr<Optimizer> optimizer_of(const ParameterGroup& group, const Optimizer& base, const Reading& r) {
  std::unique_ptr<Optimizer> optimizer = Registry<Optimizer>::make(base.name);
  Node config = write_object(base);
  config.erase("groups");
  std::vector<std::string> known = config.keys();
  bool good = true;
  for (const Node::Entry& entry : group.keys.entries) {
    if (entry.key == "lr" && entry.value.as_number() == 0.0) {
      good = false;
      r.key("lr").problem(entry.value.where, "expected a number above 0, got 0",
                          "write 'lr_factor: 0', which keeps the group's parameters as they are");
    } else if (config.find(entry.key)) {
      config.set(entry.key, entry.value);
    }
    if (config.find(entry.key)) continue;
    good = false;
    ParameterGroup any;
    const Schema own = schema_of(any);
    for (const Field& field : own.fields()) known.push_back(field.key());
    std::ranges::sort(known);
    r.unknown_key(entry, known);
  }
  config.where = group.where;
  return good && schema_of(*optimizer).read(config, r) ? std::move(optimizer) : nullptr;
}

std::vector<std::string> some_paths(const Network& network) {
  std::vector<std::string> paths;
  for (const Tensor& tensor : network.tensors())
    if (tensor.trained) paths.push_back(tensor.path);
  const size_t all = paths.size();
  if (all > parameters_told) paths.resize(parameters_told);
  return {"parameters: " + join(paths) +
          (all > parameters_told ? concat(" and ", all - parameters_told, " more") : "")};
}

}  // namespace

void ParameterGroup::describe(Schema& s) {
  s.optional("match", match, "patterns of parameters' paths, '*' for any characters: \"*.bias\"").known_as({"params"});
  s.optional("layer", layer, "patterns of layers' names: batch_norm, \"*_norm\"");
  s.optional("min_rank", min_rank, "only parameters with so many axes or more").at_least(0);
  s.optional("max_rank", max_rank, "only parameters with at most so many axes: 1 takes all but matrices").at_least(0);
  s.optional("lr_factor", lr_factor,
             "times the run's learning rate; 0 keeps the parameters as they are, but not running averages")
      .at_least(0)
      .known_as({"lr_mult", "lr_scale"});
  s.check([this](const Report& report) {
    if (match.empty() && layer.empty() && !min_rank && !max_rank)
      report("the group does not say which parameters are in it", "write 'match: \"*.bias\"', or 'max_rank: 1'");
  });
}

bool Codec<ParameterGroup>::read(const Node& node, ParameterGroup& value, const Limits&, const Reading& r) {
  ParameterGroup group;
  const Schema own = schema_of(group);
  Node mine = node;
  if (mine.is_map()) {
    auto is_own = [&](const Node::Entry& entry) {
      return own.field(entry.key) || std::ranges::any_of(own.fields(), [&](const Field& field) {
               return std::ranges::count(field.foreign_names(), entry.key) > 0;
             });
    };
    const auto others = std::stable_partition(mine.entries.begin(), mine.entries.end(), is_own);
    group.keys.entries.assign(others, mine.entries.end());
    mine.entries.erase(others, mine.entries.end());
  }
  group.where = node.where;
  if (!own.read(mine, r)) return false;
  value = std::move(group);
  return true;
}

Node Codec<ParameterGroup>::write(const ParameterGroup& value) {
  Node out = Node::map();
  const ParameterGroup standard;
  const Node all = write_object(value), defaults = write_object(standard);
  for (const Node::Entry& entry : all.entries)
    if (!same_value(entry.value, *defaults.find(entry.key))) out.set(entry.key, entry.value);
  for (const Node::Entry& entry : value.keys.entries) out.set(entry.key, entry.value);
  return out;
}

std::shared_ptr<const OwnedSchema> Codec<ParameterGroup>::inner() { return owned_schema<ParameterGroup>(); }

std::string Codec<ParameterGroup>::type(const Limits&) { return "a group"; }

Node Codec<ParameterGroup>::json_schema(const Limits&) {
  ParameterGroup group;
  Node out = schema_of(group).json_schema();
  out.set("additionalProperties", Node::boolean(true));
  return out;
}

void Optimizer::describe(Schema& s) {
  describe_keys(s);
  s.optional("groups", groups, "parameters with other values of these keys: {match: \"*.bias\", weight_decay: 0}")
      .known_as({"param_groups", "parameter_groups", "params", "parameters"})
      .help("write 'groups: [{match: \"*.bias\", weight_decay: 0}]'");
  for (const char* key : {"no_decay", "no_weight_decay", "exclude_from_weight_decay", "layer_decay", "layerwise_lr"})
    s.instead_of(key, "write 'groups: [{max_rank: 1, weight_decay: 0}]', and 'lr_factor' for another rate");
  for (const char* key : {"l1", "l2"})
    if (!s.field(key))
      s.instead_of(key, concat("put the rule before it: 'optimizer: [", key, ": 1e-4, ", name, ": {…}]'"));
  for (const char* key : {"clipnorm", "clip_norm", "clip", "grad_clip", "gradient_clip", "max_grad_norm",
                          "clip_grad_norm", "global_clipnorm"})
    s.instead_of(key, concat("put the rule before it: 'optimizer: [clip_norm: 1, ", name, ": {…}]'"), "1");
  for (const char* key : {"clipvalue", "clip_value", "clip_grad_value"})
    s.instead_of(key, concat("put the rule before it: 'optimizer: [clip_value: 0.5, ", name, ": {…}]'"), "0.5");
  for (const char* key : {"schedule", "scheduler", "lr_schedule", "warmup"})
    s.instead_of(key, "write it beside 'optimizer': 'schedule: {cosine: {warmup: 1 epoch}}'");
  for (const char* key : {"ema", "use_ema"})
    s.instead_of(key, concat("put the rule behind it: 'optimizer: [", name, ": {…}, ema: 0.999]'"));
}

ParameterGroups::ParameterGroups(const Optimizer& base, Network* network, const Reading& r)
    : ParameterGroups({{.optimizer = &base, .reading = r}}, base.learning_rate(), network) {}

ParameterGroups::ParameterGroups(const std::vector<Part>& parts, double lr, Network* network) {
  struct Group {
    size_t part;
    const ParameterGroup* of = nullptr;  // null: what is in no group of the part
    const Optimizer* optimizer = nullptr;
    Reading reading;
    bool empty = true;
  };
  std::vector<Group> groups;
  bool good = true;
  for (size_t p = 0; p < parts.size(); ++p) {
    const auto& [base, reading, has] = parts[p];
    for (size_t i = 0; i < base->groups.size(); ++i) {
      const Reading at = reading.key("groups").index(i);
      optimizers_.push_back(optimizer_of(base->groups[i], *base, at));
      good = good && optimizers_.back();
      groups.push_back({p, &base->groups[i], optimizers_.back().get(), at});
    }
    groups.push_back({p, nullptr, base, reading});
  }
  ranges_.resize(parts.size());
  if (!network || !good) return;
  const auto group_of = [&](const Tensor& tensor) {  // of no part: the last
    const auto part = std::ranges::find_if(parts, [&](const Part& each) { return !each.has || each.has(tensor); });
    return static_cast<size_t>(std::ranges::find_if(groups,
                                                    [&](const Group& group) {
                                                      return &parts[group.part] == &*part &&
                                                             (!group.of || contains(*group.of, tensor));
                                                    }) -
                               groups.begin());
  };
  std::set<int64_t> frozen;  // until when
  for (const Tensor& tensor : network->tensors()) frozen.insert(network->frozen_until(tensor.path));
  const auto place_of = [&](const Tensor& tensor) {  // within a group what is frozen longer lies behind
    const auto rank = std::distance(frozen.begin(), frozen.find(network->frozen_until(tensor.path)));
    return group_of(tensor) * frozen.size() + static_cast<size_t>(rank);
  };
  network->arrange(place_of);
  std::vector<UpdateRange>* open = nullptr;  // whose last range has no end yet
  const auto end_at = [&](int64_t element) {
    if (std::vector<UpdateRange>* last = std::exchange(open, nullptr)) last->back().end = element;
  };
  size_t place = 0;
  for (const Tensor& tensor : network->tensors()) {
    if (!tensor.trained || (open && place_of(tensor) == place)) continue;
    end_at(tensor.offset);
    const size_t index = group_of(tensor);
    if (index == groups.size()) break;
    Group& group = groups[index];
    group.empty = false;
    place = place_of(tensor);
    open = &ranges_[group.part];
    const double factor = group.of ? group.of->lr_factor : 1;
    open->push_back({.begin = tensor.offset,
                     .optimizer = group.optimizer,
                     .lr_factor = factor * group.optimizer->learning_rate() / lr,
                     .frozen_until = network->frozen_until(tensor.path)});
  }
  end_at(network->arena_elements());
  const auto is_of_frozen = [&](const Group& group) {
    return std::ranges::any_of(network->tensors(), [&](const Tensor& tensor) {
      return tensor.trained && network->frozen_until(tensor.path) == Frozen::always && contains(*group.of, tensor);
    });
  };
  for (const Group& group : groups)
    if (group.empty && group.of && !is_of_frozen(group))
      group.reading.problem(group.of->where, "no parameter is in this group that is not in one before it",
                            "write a pattern that fits one of them, or leave the group out", some_paths(*network));
}

}  // namespace dl
