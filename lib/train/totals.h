// Sums of the loss and the metrics over batches.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/data/loader.h"
#include "lib/device/program.h"
#include "lib/train/observer.h"
#include "lib/train/plan.h"
#include "lib/train/train_state.h"

namespace dl {

class Totals {
 public:
  explicit Totals(const Plan& plan);

  void clear();
  // Adds what a program gave for a batch; returns the batch's loss.
  float add(const Program& program);
  void add(const Totals& other);

  // The mean over the targets; 0 where none counted, as a loss without targets is.
  double loss() const { return totals_[0].count > 0 ? totals_[0].sum / totals_[0].count : 0; }
  // "val/loss", "val/accuracy" for the part "val", but metrics that are not finite; nothing where no target counted.
  std::vector<Measured> measured(const std::string& part) const;
  // The same of a whole split; Error(Exit::data) where no target counted.
  std::vector<Measured> measured_whole(const std::string& part) const;

  // By name, for the checkpoint.
  std::map<std::string, Total> save() const;
  void restore(const std::map<std::string, Total>& saved);

 private:
  const Plan* plan_;
  std::vector<std::string> names_;                    // "loss", "accuracy"
  std::vector<std::string> sum_names_, count_names_;  // outputs of the programs, of each metric
  std::vector<Total> totals_;                         // the loss first
};

}  // namespace dl
