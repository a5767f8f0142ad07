// A config's training step on a batch of random data in memory: what bench and profile run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/options.h"
#include "lib/train/plan/plan.h"
#include "lib/train/programs/programs.h"

namespace dl {

class Trial {
 public:
  // Checks the config, makes the device and the programs and fills in initial weights; nothing has run yet.
  Trial(const std::string& config, const Overrides& overrides);

  void run();        // one training step
  void run_timed();  // the same with the time of each kernel, in program().steps()

  const Plan& plan() const { return *plan_; }
  const Device& device() const { return *device_; }
  Program& program() { return *step_; }
  int threads() const { return plan_->threads(); }  // that compute
  int64_t batch_size() const { return plan_->run.data.batch_size; }

 private:
  void feed_step();

  std::unique_ptr<Plan> plan_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Programs> programs_;
  Program* step_ = nullptr;
  std::vector<std::pair<Slot, HostMemory>> inputs_;
  Slot step_number_;
  int32_t tick_ = -1;
};

}  // namespace dl
