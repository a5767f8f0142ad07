// What a plan says of itself.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/plan.h"

#include <algorithm>
#include <limits>

#include "lib/base/cpu.h"
#include "lib/base/text.h"
#include "lib/graph/sizes.h"
#include "lib/nn/warmup.h"
#include "lib/train/plan/plan_updates.h"
#include "lib/train/plan/resolved_model.h"

namespace dl {

std::filesystem::path Plan::initial_weights() const {
  return run.init_from ? folder() / run.init_from->path : std::filesystem::path();
}

std::string Plan::resolved() const {
  const Node node = resolved_node();
  std::string text = to_yaml(node);
  const int64_t values = node_count(node);
  if (text.size() > resolved_limits.bytes || values > resolved_limits.nodes)
    throw Error(
        Exit::usage,
        Problem{.path = "data",
                .what = concat("what is fitted to the training data makes the run's config ",
                               bytes_text(static_cast<double>(text.size())), " with ", count_of(values, "value"),
                               ", more than the ", bytes_text(static_cast<double>(resolved_limits.bytes)), " and ",
                               count_of(resolved_limits.nodes, "value"), " that are read again"),
                .help = "leave columns out, 'columns: {NAME: ignore}', or rare categories by 'min_count'"});
  return text;
}

Node Plan::resolved_node() const {
  Node node = write_object(run);
  ModelNodes nodes = resolved_model(run.model, run.blocks);
  node.set("model", std::move(nodes.model));
  node.set("blocks", std::move(nodes.blocks));
  return node;
}

Explanation Plan::explain(const std::string& key) const { return dl::explain(spec, resolved_node(), key); }

int Plan::threads() const { return run.trainer.threads > 0 ? run.trainer.threads : usable_cores(); }

Recipe Plan::recipe() const {
  const auto& board = run.trainer.tensorboard;
  Recipe recipe{.forward = objectives.parts(*network, *data.train, seed()),
                .updates = updates(),
                .threads = threads(),
                .precision = run.trainer.numbers(),
                .watches_layers = run.trainer.detect_anomaly,
                .gives_gradient = board && board->on && board->gradients};
  for (const Keyed<Controller>& own : run.trainer.controllers)
    for (Variable& v : own.object ? own.object->keeps(*network) : std::vector<Variable>())
      recipe.kept.push_back(std::move(v));
  if (run.trainer.memory_limit) recipe.memory_limit_bytes = run.trainer.memory_limit->count;
  if (data.rows) recipe.forward.resident_samples = data.train->size();
  const LoaderOptions loading = training_options(run.data, *data.fed(), seed());
  for (const auto& field : data.fed()->fields()) recipe.batch_bytes = plus(recipe.batch_bytes, field.type.bytes());
  int64_t batches = loading.threads > 0 ? loading.prefetch + int64_t{1} : 1;
  if (const int64_t window = run.trainer.accumulate_grad_batches;
      window > 1 && run.optimizer && run.optimizer->searches())
    batches = plus(batches, std::min(window, batches_per_epoch()));  // kept for the search
  recipe.batch_bytes = times(recipe.batch_bytes, batches);
  return recipe;
}

Type Plan::prediction() const {
  const Loss* loss = objectives.predicted_by();
  if (!loss) return predicted_output();
  Graph g;
  const Type told = loss->predicted(input(g, "output", batched(predicted_output(), 1))).type();
  return {told.dtype, told.shape.without_batch()};
}

const SampleField* Plan::predicted_field() const {
  const Loss* loss = objectives.predicted_by();
  if (!loss || !loss->reads_field()) return nullptr;
  const auto field = std::ranges::find(data.train->fields(), loss->from.target, &SampleField::name);
  return field != data.train->fields().end() ? &*field : nullptr;
}

Type Plan::predicted_target() const {
  const SampleField* field = predicted_field();
  return field ? field->type : Type{};
}

void Plan::predict(const std::string& item) {
  const std::vector<std::string> items = network->items();
  if (std::ranges::count(items, item) == 0) {
    throw Error(Exit::usage, Problem{.path = item,
                                     .what = "no item of the model has this name",
                                     .notes = {"items: " + join(items)},
                                     .help = spelling_help(item, items, "write one of them")});
  }
  objectives.predict(item);
}

std::vector<std::string> Plan::figures() const {
  std::vector<std::string> names;
  for (const char* part : {"train/", "val/"})
    for (const std::string& figure : objectives.figures()) names.push_back(part + figure);
  return names;
}

bool Plan::higher_is_better(const std::string& figure) const {
  return objectives.higher_is_better(figure.substr(figure.find('/') + 1));
}

int64_t Plan::largest_batch() const { return std::min(run.data.batch_size, data.train->size()); }

int64_t Plan::batches_per_epoch() const { return data.batches_per_epoch; }

int64_t Plan::steps_per_epoch() const {
  const int64_t window = run.trainer.accumulate_grad_batches;
  return batches_per_epoch() / window + (batches_per_epoch() % window > 0);
}

int64_t Plan::total_steps() const {
  if (run.trainer.fast_dev_run) return 1;
  const int64_t by_steps = run.trainer.max_steps.value_or(0);
  int64_t by_epochs = 0;
  if (__builtin_mul_overflow(run.trainer.max_epochs.value_or(0), steps_per_epoch(), &by_epochs))
    by_epochs = std::numeric_limits<int64_t>::max();
  if (by_steps == 0 || by_epochs == 0) return std::max(by_steps, by_epochs);
  return std::min(by_steps, by_epochs);
}

std::vector<Frozen> Plan::frozen() const {
  std::vector<Frozen> frozen;
  for (const FreezeSpec& each : run.freeze.values)
    frozen.push_back({each.params, each.until ? whole_steps(*each.until, steps_per_epoch()) : Frozen::always});
  return frozen;
}

Progress Plan::progress(int64_t step) const {
  return {.step = step,
          .total_steps = total_steps(),
          .steps_per_epoch = steps_per_epoch(),
          .batch_size = largest_batch() * std::min(run.trainer.accumulate_grad_batches, batches_per_epoch())};
}

}  // namespace dl
