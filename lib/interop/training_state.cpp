// Reading an optimizer's state from a checkpoint, and its form in torch.optim.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/training_state.h"

#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/spec/schema.h"

namespace dl {
namespace {

using Dict = PythonValue::Dict;
using List = PythonValue::List;

// As torch.nn.Module.parameters() gives them: a module's own, then those of its parts.
void add_in_module_order(const std::vector<const Tensor*>& tensors, size_t prefix, std::vector<const Tensor*>& out) {
  std::vector<std::pair<std::string, std::vector<const Tensor*>>> parts;  // in the order that they first occur
  for (const Tensor* t : tensors) {
    const size_t dot = t->path.find('.', prefix);
    if (dot == std::string::npos) {
      out.push_back(t);
      continue;
    }
    const std::string part = t->path.substr(prefix, dot - prefix);
    auto known = std::ranges::find(parts, part, &decltype(parts)::value_type::first);
    if (known == parts.end()) known = parts.insert(known, {part, {}});
    known->second.push_back(t);
  }
  for (const auto& [part, inside] : parts) add_in_module_order(inside, prefix + part.size() + 1, out);
}

std::vector<const Tensor*> in_module_order(const Network& network) {
  std::vector<const Tensor*> parameters, out;
  for (const Tensor& t : network.tensors())
    if (t.trained) parameters.push_back(&t);
  std::ranges::sort(parameters, {}, &Tensor::number);
  add_in_module_order(parameters, 0, out);
  return out;
}

const UpdateRange* range_of(const Update& update, const Tensor& tensor) {
  const auto found = std::ranges::find_if(
      update.ranges, [&](const UpdateRange& r) { return r.begin <= tensor.offset && tensor.offset < r.end; });
  return found == update.ranges.end() ? nullptr : &*found;
}

// What torch.optim keeps of a parameter; nothing where it has not been updated.
std::vector<std::pair<std::string, StoredTensor>> state_of(const Tensor& tensor, const UpdateRange& range,
                                                           const TorchOptimizer& theirs, const WeightsTable& kept,
                                                           const TrainingState::Moment& moment) {
  const int64_t updates = moment.step - range.frozen_until;
  std::vector<std::pair<std::string, StoredTensor>> state;
  if (updates <= 0) return state;
  const UpdateTime time{.lr = moment.next_lr * range.lr_factor, .number = static_cast<double>(updates)};
  for (const auto& [name, value] : theirs.numbers(time)) state.emplace_back(name, number_tensor(value));
  for (const std::string& name : theirs.states) {
    const StoredTensor* found = kept.find(name + "/" + tensor.path);
    if (!found || found->shape != tensor.shape)
      refuse_weights(moment.optimizer, name + "/" + tensor.path,
                     concat("expected the optimizer's state of shape ", tensor.shape.text()));
    state.emplace_back(name, *found);
  }
  return state;
}

Node keys_of(const Optimizer& optimizer, const TorchOptimizer& theirs) {
  Node keys = write_object(optimizer);
  for (const char* ours : {"groups", "lr"}) keys.erase(ours);
  for (const Node::Entry& entry : theirs.keys.entries) keys.set(entry.key, entry.value);
  // How it is computed; a class of torch.optim takes no notice of those that it does not have.
  for (const char* off : {"maximize", "capturable", "differentiable"}) keys.set(off, Node::boolean(false));
  for (const char* unset : {"foreach", "fused"}) keys.set(unset, Node::null());
  return keys;
}

PythonValue number(int64_t value) { return {value}; }

PythonValue counts(int64_t ready, int64_t processed, int64_t completed) {
  Dict dict;
  dict.add({"ready"}, number(ready));
  dict.add({"started"}, number(ready));
  dict.add({"processed"}, number(processed));
  dict.add({"completed"}, number(completed));
  return {std::move(dict)};
}

PythonValue progress(PythonValue total, PythonValue current) {
  Dict dict;
  dict.add({"total"}, std::move(total));
  dict.add({"current"}, std::move(current));
  return {std::move(dict)};
}

PythonValue same_progress(int64_t total, int64_t current) {
  return progress(counts(total, total, total), counts(current, current, current));
}

// Lightning's counters. In the midst of an epoch they are those of a callback that saves when a batch has ended, whose
// completion is not yet counted.
PythonValue fit_loop(const TrainingState::Moment& m) {
  const int64_t open = m.epoch_batches > 0 ? 1 : 0;
  Dict optimizer;
  optimizer.add({"step"}, same_progress(m.step, 0));
  optimizer.add({"zero_grad"}, same_progress(m.step, 0));
  Dict optimizers;
  optimizers.add({"optimizer"}, {std::move(optimizer)});
  const PythonValue epochs = counts(m.epoch + open, m.epoch, m.epoch);
  PythonValue batches = progress(counts(m.batches, m.batches, m.batches - open),
                                 counts(m.epoch_batches, m.epoch_batches, m.epoch_batches - open));
  std::get<Dict>(batches.value).add({"is_last_batch"}, {false});
  Dict stepped;
  stepped.add({"_batches_that_stepped"}, number(m.step - (m.step > 0 ? open : 0)));
  Dict loop;
  loop.add({"state_dict"}, {Dict()});
  loop.add({"epoch_progress"}, progress(epochs, epochs));
  loop.add({"epoch_loop.state_dict"}, {std::move(stepped)});
  loop.add({"epoch_loop.batch_progress"}, std::move(batches));
  loop.add({"epoch_loop.scheduler_progress"}, same_progress(m.step, 0));
  loop.add({"epoch_loop.automatic_optimization.state_dict"}, {Dict()});
  loop.add({"epoch_loop.automatic_optimization.optim_progress"}, {std::move(optimizers)});
  return {std::move(loop)};
}

// torch.optim.lr_scheduler.LRScheduler.state_dict() of one that is asked at each step.
PythonValue scheduler_state_dict(const TrainingState& training) {
  List base, last, functions;
  for (const TrainingState::Group& group : training.groups) {
    base.push_back({group.lr});
    last.push_back({group.next_lr});
    functions.emplace_back();
  }
  Dict dict;
  dict.add({"base_lrs"}, {std::move(base)});
  dict.add({"last_epoch"}, number(training.moment.step));
  dict.add({"_step_count"}, number(training.moment.step + 1));
  dict.add({"_is_initial"}, {false});
  dict.add({"_get_lr_called_within_step"}, {false});
  dict.add({"_last_lr"}, {std::move(last)});
  dict.add({"lr_lambdas"}, {std::move(functions)});
  return {std::move(dict)};
}

}  // namespace

std::string why_not_in_torch(const std::vector<Update>& updates) {
  if (updates.size() != 1) return "torch.optim has no optimizer that makes several updates in turns";
  for (const UpdateRange& range : updates[0].ranges)
    if (!range.optimizer->torch())
      return concat("'", range.optimizer->name, "' has no counterpart in torch.optim that is known here");
  return "";
}

TrainingState training_state(const Network& network, const std::vector<Update>& updates,
                             const TrainingState::Moment& moment) {
  if (std::string why = why_not_in_torch(updates); !why.empty())
    throw Error(Exit::usage, Problem{.path = "optimizer",
                                     .what = std::move(why),
                                     .help = "take the weights alone, as .safetensors, or as .pt without --all"});
  const Update& update = updates[0];
  TrainingState training{.moment = moment};
  std::vector<const Optimizer*> of_groups;  // of each group, in the order that parameters lie in
  for (const UpdateRange& range : update.ranges)
    if (std::ranges::count(of_groups, range.optimizer) == 0) of_groups.push_back(range.optimizer);
  for (const Optimizer* optimizer : of_groups) {
    const std::optional<TorchOptimizer> theirs = optimizer->torch();
    training.optimizer = theirs->name;
    const WeightsTable kept = theirs->states.empty() ? WeightsTable({}, "") : read_weights_table(moment.optimizer);
    TrainingState::Group& group = training.groups.emplace_back();
    group.keys = keys_of(*optimizer, *theirs);
    for (const Tensor* tensor : in_module_order(network)) {
      const UpdateRange* range = range_of(update, *tensor);
      if (range && range->optimizer == optimizer) {
        group.lr = moment.lr * range->lr_factor;
        group.next_lr = moment.next_lr * range->lr_factor;
        group.parameters.push_back({tensor->path, state_of(*tensor, *range, *theirs, kept, moment)});
      } else if (!range && of_groups.size() == 1) {
        group.parameters.push_back({tensor->path, {}});
      }
    }
  }
  return training;
}

void TrainingState::put_before_names(const std::string& prefix) {
  for (Group& group : groups)
    for (Parameter& parameter : group.parameters) parameter.name.insert(0, prefix);
}

PythonValue optimizer_state_dict(const TrainingState& training) {
  Dict states;
  List groups;
  int64_t place = 0;
  for (const TrainingState::Group& group : training.groups) {
    List numbers, names;
    for (const TrainingState::Parameter& parameter : group.parameters) {
      names.push_back({parameter.name});
      numbers.push_back(number(place));
      Dict state;
      for (const auto& [name, tensor] : parameter.state) state.add({name}, {tensor});
      if (!parameter.state.empty()) states.add(number(place), {std::move(state)});
      ++place;
    }
    Dict keys;
    keys.add({"lr"}, {group.next_lr});
    keys.add({"initial_lr"}, {group.lr});
    for (const Node::Entry& entry : group.keys.entries) keys.add({entry.key}, PythonValue::of(entry.value));
    keys.add({"params"}, {std::move(numbers)});
    keys.add({"param_names"}, {std::move(names)});
    groups.push_back({std::move(keys)});
  }
  Dict dict;
  dict.add({"state"}, {std::move(states)});
  dict.add({"param_groups"}, {std::move(groups)});
  return {std::move(dict)};
}

PythonValue torch_checkpoint(const WeightsWriter::Tensors& tensors, const TrainingState& training) {
  Dict dict;
  dict.add({"model_state_dict"}, state_dict(tensors));
  dict.add({"optimizer_state_dict"}, optimizer_state_dict(training));
  dict.add({"scheduler_state_dict"}, scheduler_state_dict(training));
  dict.add({"epoch"}, number(training.moment.epoch));
  dict.add({"step"}, number(training.moment.step));
  return {std::move(dict)};
}

PythonValue lightning_checkpoint(const WeightsWriter::Tensors& tensors, const TrainingState& training) {
  Dict loops;
  loops.add({"fit_loop"}, fit_loop(training.moment));
  List optimizers, schedulers;
  if (!training.groups.empty()) {
    optimizers.push_back(optimizer_state_dict(training));
    schedulers.push_back(scheduler_state_dict(training));
  }
  Dict dict;
  dict.add({"epoch"}, number(training.moment.epoch));
  dict.add({"global_step"}, number(training.moment.step));
  dict.add({"pytorch-lightning_version"}, {"2.0.0"});
  dict.add({"state_dict"}, state_dict(tensors));
  dict.add({"loops"}, {std::move(loops)});
  dict.add({"callbacks"}, {Dict()});
  dict.add({"optimizer_states"}, {std::move(optimizers)});
  dict.add({"lr_schedulers"}, {std::move(schedulers)});
  return {std::move(dict)};
}

}  // namespace dl
