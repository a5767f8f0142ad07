// What `eval`, `predict` and `summary` are pointed at: a run, a checkpoint's folder, or the config of a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/train/inference/evaluate.h"
#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/plan/plan.h"

namespace dl {

bool is_config(const std::string& text);  // ends in .yaml or .yml, in letters of any case

// The config's file that `text` names: itself, or of a run the config that it is trained by.
std::string config_file(const std::string& text, const std::filesystem::path& runs = "runs");

// The run that `text` names: its folder, its name in the folder `runs`, or a config, which stands for its newest run.
// Of a name without a number that is its newest: of those that have a checkpoint, or of all.
RunPaths named_run(const std::string& text, const std::filesystem::path& runs, Newest newest = Newest::with_checkpoint);

// The checkpoint that `text` names where it is no file of weights and no folder with one: a checkpoint's folder; or of
// a run `which`, if left out the last.
std::optional<Checkpoint> named_checkpoint(const std::string& text, const std::filesystem::path& runs,
                                           const std::string& which = "");

// A trained network: the plan it was trained by, and a checkpoint of it put to use.
struct Trained {
  std::string name;  // of the run or the checkpoint's folder
  std::unique_ptr<Plan> plan;
  Checkpoint checkpoint;
  std::unique_ptr<Inference> inference;
};

// Says on standard error that a checkpoint was passed over.
void warn_passed_over(const std::string& line);

// `which`: "best", "last", "step-120" or a folder; empty: the best where there is one, else the last. `sets` change
// the config it was trained by (data.batch_size=…). Checkpoints that are broken and passed over are warned of. Of the
// data only what is to `read` is looked for, and what says what samples look like. Predictions are of the model's
// `item` where one is named. Where a process that writes the run removes the checkpoint meanwhile, the one that is
// chosen now is opened.
Trained open_trained(const std::string& text, const std::filesystem::path& runs, const std::string& which,
                     const std::vector<std::string>& sets, const SetsToRead& read, const std::string& item = "");

}  // namespace dl
