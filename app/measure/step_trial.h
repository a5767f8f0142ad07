// A config's training step as a trial: one in which all turns are taken.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "app/measure/trial.h"
#include "lib/train/plan/plan.h"

namespace dl {

class StepTrial final : public Trial {
 public:
  // Checks the config, changed by `sets`, makes the device and the programs and fills in initial weights; nothing has
  // run yet.
  StepTrial(const std::string& config, const std::vector<std::string>& sets) : StepTrial(plan_of(config, sets)) {}

  const std::string& name() const { return plan_->name; }
  const Network& network() const override { return *plan_->network; }
  int64_t batch_size() const override { return plan_->run.data.batch_size; }
  int threads() const override { return plan_->threads(); }

 private:
  explicit StepTrial(std::unique_ptr<Plan> plan);
  static std::unique_ptr<Plan> plan_of(const std::string& config, const std::vector<std::string>& sets);
  void begin_run() override;

  std::unique_ptr<Plan> plan_;
  std::unique_ptr<Programs> programs_;
};

}  // namespace dl
