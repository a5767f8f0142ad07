// Counting as the trainer does.
// SPDX-License-Identifier: Apache-2.0
#include "app/training_state_of.h"

#include "lib/train/plan/controller.h"

namespace dl {
namespace {

// Of the next update, as the schedule and the controllers have it.
double next_learning_rate(const Plan& plan, TrainState state) {
  double lr = plan.run.optimizer->learning_rate();
  if (plan.run.schedule) lr *= plan.run.schedule->factor(plan.progress(state.step));
  for (const auto& controller : controllers_of(plan)) {
    auto visitor = StateVisitor::reading(state.controllers[controller->name]);
    controller->visit(visitor);
    controller->begin(plan);
    lr = controller->learning_rate(lr);
  }
  return lr;
}

}  // namespace

TrainingState training_state_of(const Plan& plan, const Checkpoint& checkpoint) {
  const TrainState& state = checkpoint.state;
  if (!plan.run.optimizer)  // each turn has its own
    return training_state(*plan.network, plan.updates(), {});
  const bool whole = state.epoch_batches > 0 && state.epoch_batches == plan.batches_per_epoch();
  return training_state(*plan.network, plan.updates(),
                        {.step = state.step,
                         .epoch = state.epoch + (whole ? 1 : 0),
                         .batches = state.micro_batches,
                         .epoch_batches = whole ? 0 : state.epoch_batches,
                         .lr = plan.run.optimizer->learning_rate(),
                         .next_lr = next_learning_rate(plan, state),
                         .weights = checkpoint.weights(),
                         .optimizer = checkpoint.optimizer()});
}

}  // namespace dl
