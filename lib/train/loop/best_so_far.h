// Which validation was the best so far, by the figure that chooses the best checkpoint.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <utility>

#include "lib/train/kept/train_state.h"
#include "lib/train/plan/controller.h"
#include "lib/train/plan/plan.h"

namespace dl {

// The state holds what is known: its monitor, best_value and best_step.
class BestSoFar {
 public:
  BestSoFar(const Plan& plan, TrainState& state) : plan_(plan), state_(state) {}

  // Whether the last validation was the best so far, since forget().
  bool now() const { return now_; }
  void forget() { now_ = false; }
  void validated(const Figures& figures);

  // The best is one that was written: before it is saved the state has it; where it could not be, the one before it.
  void saving();
  void not_saved();
  // What was the best is damaged or gone: it begins anew.
  void lost();

 private:
  const Plan& plan_;
  TrainState& state_;
  bool now_ = false;
  std::pair<std::optional<double>, int64_t> found_, before_;  // the last that was the best, and the one before it
};

}  // namespace dl
