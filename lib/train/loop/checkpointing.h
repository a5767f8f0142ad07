// When a run's checkpoints are written, and which are kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/observer.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/loop/cadence.h"
#include "lib/train/plan/plan.h"

namespace dl {

// Times are seconds since the run began in this process.
class Checkpointing {
 public:
  explicit Checkpointing(const Plan& plan);

  // From now on there is a folder for them; before, save() does nothing.
  void keep_in(RunFolder& folder);
  bool keeps() const { return folder_ != nullptr; }

  // Whether that state has been saved, with all that follows its step.
  bool has(const TrainState& state) const { return saved_step_ == state.step; }
  bool due(int64_t step, double now) const;
  // Makes the folder one in which the run goes on from that checkpoint: later ones are removed.
  void go_on_from(const Checkpoint& checkpoint);
  // What visible_damage() says of that step's; empty below 0.
  std::string damage_of(int64_t step) const { return step < 0 ? "" : visible_damage(of_step(step)); }
  // Error(Exit::io) where the folder is no longer where it was.
  void expect_in_place() const { folder_->expect_in_place(); }
  // Throws what Checkpoints::save() throws.
  CheckpointSaved save(const TrainState& state, Store& store, bool best,
                       const std::function<void(const Append&)>& measures);
  void prune(int64_t spared) const;  // removes what need not be kept; throws what Checkpoints::prune() throws
  void done(double now);             // saved, or given up: the next is due by the time from now on

  const std::filesystem::path& last() const { return last_; }  // empty: none yet
  std::filesystem::path of_step(int64_t step) const { return checkpoints_->of_step(step); }

 private:
  const Plan& plan_;
  std::vector<Cadence> cadences_;  // whichever is due first
  RunFolder* folder_ = nullptr;
  std::optional<Checkpoints> checkpoints_;
  int64_t saved_step_ = -1;
  std::filesystem::path last_;
};

}  // namespace dl
