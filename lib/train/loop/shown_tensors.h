// What TensorBoard is shown of a run beside its figures: the first images of the training set, and how weights and
// gradients are spread (trainer.tensorboard).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "lib/device/program.h"
#include "lib/train/kept/tensorboard_log.h"
#include "lib/train/loop/cadence.h"
#include "lib/train/loop/updates.h"
#include "lib/train/plan/plan.h"

namespace dl {

// Nothing is shown before there is a board. Times are seconds since the run began in this process.
class ShownTensors {
 public:
  ShownTensors(const Plan& plan, Store& store, const Updates& updates)
      : plan_(plan), store_(store), updates_(updates) {}

  void show_on(TensorBoardLog& board);  // from now on
  void images() const;
  bool due(int64_t step, double now) const { return cadence_ && cadence_->due(step, now); }
  // After a step that was read: weights, and where they are asked for the gradients of what the step trained.
  void show(int64_t step) const;
  void done(double now) { cadence_->done(now); }

 private:
  const Plan& plan_;
  Store& store_;
  const Updates& updates_;
  TensorBoardLog* board_ = nullptr;
  std::optional<Cadence> cadence_;
};

}  // namespace dl
