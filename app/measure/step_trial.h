// A config's training step as a trial, one in which all turns are taken; or its prediction of a batch.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "app/measure/trial.h"
#include "lib/train/plan/plan.h"

namespace dl {

enum class TrialOf { training_step, prediction };

class StepTrial final : public Trial {
 public:
  // Checks the config, changed by `sets`, makes the device and the programs and fills in initial weights; nothing has
  // run yet.
  StepTrial(const std::string& config, const std::vector<std::string>& sets, TrialOf of = TrialOf::training_step)
      : StepTrial(plan_of(config, sets), of) {}

  const std::string& name() const { return plan_->name; }
  const char* unit() const { return of_ == TrialOf::prediction ? "batch" : "step"; }  // what one run of it is
  const Network& network() const override { return *plan_->network; }
  int64_t batch_size() const override { return plan_->run.data.batch_size; }
  int threads() const override { return plan_->threads(); }

 private:
  StepTrial(std::unique_ptr<Plan> plan, TrialOf of);
  static std::unique_ptr<Plan> plan_of(const std::string& config, const std::vector<std::string>& sets);
  void begin_run() override;

  const TrialOf of_;
  std::unique_ptr<Plan> plan_;
  std::unique_ptr<Programs> programs_;
};

}  // namespace dl
