// Writing checkpoints.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/checkpointing.h"

#include <algorithm>

#include "lib/base/clock.h"

namespace dl {

Checkpointing::Checkpointing(const Plan& plan) : plan_(plan) {
  for (const Duration& every : plan.run.trainer.checkpoint.intervals())
    cadences_.emplace_back(every, plan.steps_per_epoch());
}

void Checkpointing::keep_in(RunFolder& folder) {
  folder_ = &folder;
  checkpoints_.emplace(folder.paths().checkpoints());
}

bool Checkpointing::due(int64_t step, double now) const {
  return std::ranges::any_of(cadences_, [&](const Cadence& cadence) { return cadence.due(step, now); });
}

void Checkpointing::go_on_from(const Checkpoint& checkpoint) {
  checkpoints_->remove_after(checkpoint.state.step);
  last_ = checkpoint.folder;
  if (!checkpoint.state.boundary) saved_step_ = checkpoint.state.step;
}

CheckpointSaved Checkpointing::save(const TrainState& state, Store& store, bool best,
                                    const std::function<void(const Append&)>& measures) {
  const double start = steady_seconds();
  const Checkpoint saved = checkpoints_->save(state, plan_.network->tensors(), store, plan_.resolved(), measures);
  last_ = saved.folder;
  if (!state.boundary) saved_step_ = state.step;
  return {.step = state.step,
          .folder = saved.folder,
          .size_bytes = static_cast<int64_t>(saved.size_bytes),
          .seconds = steady_seconds() - start,
          .best = best,
          .monitor = state.monitor,
          .best_value = state.best_value.value_or(0),
          .best_step = state.best_step};
}

void Checkpointing::prune(int64_t spared) const { checkpoints_->prune(plan_.run.trainer.checkpoint.keep, spared); }

void Checkpointing::done(double now) {
  for (Cadence& cadence : cadences_) cadence.done(now);
}

}  // namespace dl
