// Training steps and predictions on random data.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/step_trial.h"

#include "app/trained.h"
#include "lib/train/inference/evaluate.h"

namespace dl {

std::unique_ptr<Plan> StepTrial::plan_of(const std::string& config, const std::vector<std::string>& sets) {
  return plan_run(config_file(config), sets);
}

StepTrial::StepTrial(std::unique_ptr<Plan> plan, TrialOf of)
    : Trial(make_device(plan->run.trainer.device, plan->device_options())),
      of_(of),
      plan_(std::move(plan)),
      programs_(
          std::make_unique<Programs>(of == TrialOf::prediction ? inference_recipe(*plan_) : plan_->recipe(), *store_)) {
  if (of == TrialOf::prediction) store_->expect_no_changes();
  programs_->initialize();
  if (of == TrialOf::prediction) {
    parts_ = {&programs_->predict(batch_size())};
  } else {
    for (size_t turn = 0; turn < plan_->run.chains().size(); ++turn)
      parts_.push_back(&programs_->step(batch_size(), turn));
  }
  for (const SampleField& field : plan_->data.fed()->fields())
    feed_random(field.name, batched(field.type, batch_size()), field.values);
}

void StepTrial::begin_run() {
  if (of_ == TrialOf::prediction) return programs_->forget_carried(false);
  for (size_t turn = 0; turn < parts_.size(); ++turn)
    programs_->begin_update({.lr = plan_->run.optimizer->learning_rate(), .number = runs_ + 1.0}, turn);
}

}  // namespace dl
