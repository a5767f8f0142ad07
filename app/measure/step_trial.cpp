// Training steps on random data.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/step_trial.h"

#include "app/trained.h"

namespace dl {

std::unique_ptr<Plan> StepTrial::plan_of(const std::string& config, const std::vector<std::string>& sets) {
  return plan_run(config_file(config), sets);
}

StepTrial::StepTrial(std::unique_ptr<Plan> plan)
    : Trial(make_device(plan->run.trainer.device, plan->device_options())),
      plan_(std::move(plan)),
      programs_(std::make_unique<Programs>(plan_->recipe(), *store_)) {
  programs_->initialize();
  for (size_t turn = 0; turn < plan_->run.chains().size(); ++turn)
    parts_.push_back(&programs_->step(batch_size(), turn));
  for (const SampleField& field : plan_->data.train->fields())
    feed_random(field.name, batched(field.type, batch_size()), field.values);
}

void StepTrial::begin_run() {
  for (size_t turn = 0; turn < parts_.size(); ++turn)
    programs_->begin_update({.lr = plan_->run.optimizer->learning_rate(), .number = runs_ + 1.0}, turn);
}

}  // namespace dl
