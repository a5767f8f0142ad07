// Files that listen to a run.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/listeners.h"

#include "lib/data/file/tfrecord.h"

namespace dl {
namespace {

std::vector<std::string> log_columns(const Plan& plan) {
  std::vector<std::string> columns = plan.figures();
  for (const char* name : {"lr", "grad_norm"}) columns.emplace_back(name);
  for (const std::string& figure : plan.figures())
    if (figure.starts_with("train/")) columns.push_back(figure + "_epoch");
  for (const char* name : {"samples_per_s", "input_wait"}) columns.emplace_back(name);
  return columns;
}

}  // namespace

void Listeners::keep_in(const RunFolder& folder, const Plan& plan) {
  record_.emplace(folder.paths());
  log_.emplace(folder.paths(), log_columns(plan), [this](const std::string& text) { warn(text); });
  all_.insert(all_.begin(), {&*log_, &*record_});
  if (const auto& wanted = plan.run.trainer.tensorboard; wanted && wanted->on) {
    board_.emplace(folder.paths(), plan.config, plan.spec, [this](const std::string& text) { warn(text); });
    log_->keep_too(board_->file(), whole_tfrecords);
    all_.push_back(&*board_);
  }
}

}  // namespace dl
