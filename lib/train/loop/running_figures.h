// The figures of training while it runs: sums of losses and metrics since the last record and since the epoch began,
// and the latest of each figure.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/observer.h"
#include "lib/train/loop/updates.h"
#include "lib/train/plan/plan.h"
#include "lib/train/programs/measures.h"
#include "lib/train/programs/programs.h"

namespace dl {

class RunningFigures {
 public:
  // The latest are the state's.
  RunningFigures(const Plan& plan, Programs& programs, Updates& updates, std::map<std::string, double>& latest)
      : plan_(plan), programs_(programs), updates_(updates), latest_(latest) {}

  // What was measured since the last time, added to what is kept of the record and of the epoch.
  void collect();
  // Of what was collected since the last record, and since the epoch began; the latter is an Error(Exit::data) where no
  // target counted.
  std::vector<Measured> of_record() const;
  std::vector<Measured> of_epoch() const;
  void begin_record() { interval_.clear(); }
  void begin_epoch();
  // That a target counted since the epoch began, of a run that ends within it; else Error(Exit::data).
  void expect_targets() const;

  // The latest of each figure, but those that are not finite; those whose names begin so.
  void remember(const std::vector<Measured>& values);
  std::vector<Measured> latest(const std::string& part) const;
  // The latest when the run ends, of training since the last record; of a run that ends with an epoch they are that
  // epoch's.
  std::vector<Measured> at_end(bool with_an_epoch) const;

  // measures.safetensors of a checkpoint, from which a run goes on to the same figures.
  void save(const Append& append);
  void put_back(const Checkpoint& checkpoint);

 private:
  const Plan& plan_;
  Programs& programs_;
  Updates& updates_;
  std::map<std::string, double>& latest_;
  Measures interval_, epoch_;         // but for what the updates have not given yet
  bool other_losses_before_ = false;  // the epoch's steps before the run went on, maybe all, had other losses
};

}  // namespace dl
