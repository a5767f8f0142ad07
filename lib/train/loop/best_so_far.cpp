// Comparing validations.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/best_so_far.h"

#include <tuple>

namespace dl {

void BestSoFar::validated(const Figures& figures) {
  if (state_.monitor.empty()) return;
  const double value = figures(state_.monitor);
  const auto& mode = plan_.run.trainer.checkpoint.mode;
  now_ = is_gain(value, state_.best_value, mode ? *mode == "max" : plan_.higher_is_better(state_.monitor));
  if (!now_) return;
  before_ = {state_.best_value, state_.best_step};
  found_ = {value, state_.step};
  std::tie(state_.best_value, state_.best_step) = found_;
}

void BestSoFar::saving() {
  if (now_) std::tie(state_.best_value, state_.best_step) = found_;
}

void BestSoFar::not_saved() {
  if (now_) std::tie(state_.best_value, state_.best_step) = before_;
}

void BestSoFar::lost() {
  state_.former_best_step = state_.best_step;  // what is left of it can be mended until there is another
  state_.best_value.reset();
  state_.best_step = -1;
}

}  // namespace dl
