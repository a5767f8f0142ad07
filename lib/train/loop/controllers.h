// A run's controllers, asked and told one after another.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/train/kept/train_state.h"
#include "lib/train/plan/controller.h"

namespace dl {

class Controllers {
 public:
  // Those of the plan, as the state has them; from the beginning where it has none.
  void begin(const Plan& plan, TrainState& state);
  // They settle, and the state has them as they are.
  void keep_in(TrainState& state, Store& store) const;

  // As Controller has them.
  double learning_rate(double lr) const;
  void epoch_trained(int64_t epochs, Store& store) const;
  void validated(const Figures& figures) const;
  void settle(Store& store) const;
  std::string end_reason() const;  // the first there is

 private:
  std::vector<std::unique_ptr<Controller>> all_;
};

}  // namespace dl
