// Batches, what is held out, losses, the optimizer and the trainer.
// SPDX-License-Identifier: Apache-2.0
#include "app/look/learning.h"

#include "lib/base/error.h"

namespace dl {

int64_t batch_size_for(int64_t samples) { return samples < 1000 ? 16 : samples < 20000 ? 64 : 128; }

double share_held_out(int64_t samples) { return samples < 20000 ? 0.2 : 0.1; }

std::string monitored(bool is_class, bool few) { return few ? "val/loss" : is_class ? "val/accuracy" : "val/rmse"; }

std::string learning_yaml(bool is_class, const std::string& lr, const std::string& weight_decay) {
  return concat("  - linear: ", is_class ? "${data.classes}" : "${data.targets}",
                "\nloss: ", is_class ? "cross_entropy" : "mse", "\nmetrics: ", is_class ? "[accuracy]" : "[rmse, mae]",
                "\noptimizer: {adamw: {lr: ", lr, ", weight_decay: ", weight_decay,
                "}}\nschedule: {cosine: {warmup: 1 epoch}}\n");
}

std::string trainer_yaml(int64_t epochs, int64_t patience, const std::string& best) {
  return concat("trainer:\n  max_epochs: ", epochs, "\n  early_stopping: {monitor: ", best, ", patience: ", patience,
                "}   # ends where it no longer gets better\n  checkpoint: {every: 1 epoch, keep: 1, best: ", best,
                "}\n");
}

}  // namespace dl
