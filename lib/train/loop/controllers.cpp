// Controllers between the state and the loop.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/controllers.h"

namespace dl {

void Controllers::begin(const Plan& plan, TrainState& state) {
  all_ = controllers_of(plan);
  for (const auto& controller : all_) {
    auto visitor = StateVisitor::reading(state.controllers[controller->name]);
    controller->visit(visitor);
    controller->begin(plan);
  }
}

void Controllers::keep_in(TrainState& state, Store& store) const {
  for (const auto& controller : all_) {
    controller->settle(store);
    auto visitor = StateVisitor::writing(state.controllers[controller->name]);
    controller->visit(visitor);
  }
}

double Controllers::learning_rate(double lr) const {
  for (const auto& controller : all_) lr = controller->learning_rate(lr);
  return lr;
}

void Controllers::epoch_trained(int64_t epochs, Store& store) const {
  for (const auto& controller : all_) controller->epoch_trained(epochs, store);
}

void Controllers::validated(const Figures& figures) const {
  for (const auto& controller : all_) controller->validated(figures);
}

void Controllers::settle(Store& store) const {
  for (const auto& controller : all_) controller->settle(store);
}

std::string Controllers::end_reason() const {
  for (const auto& controller : all_)
    if (std::string reason = controller->end_reason(); !reason.empty()) return reason;
  return "";
}

}  // namespace dl
