// What a run's folder says of the run without opening its data or its weights: for `runs`, `compare` and `plot`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/spec/node.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/kept/run_history.h"
#include "lib/train/kept/run_state.h"

namespace dl {

struct RunInfo {
  RunPaths paths;
  RunState state;
  std::optional<std::time_t> begun;
  Node resolved;  // the config, every key
  RunHistory history;
  std::string figure;  // that says how good the run is: what chooses the best checkpoint, else a loss
  bool higher_is_better = false;

  std::string name() const { return paths.name(); }
  std::string status() const;    // as name_of has it; "empty" where nothing was recorded and nothing runs
  std::string progress() const;  // "5/10" epochs, or "120/1000 steps" where steps end it
};

// The value under "trainer.max_epochs"; null where there is none.
const Node* value_at(const Node& config, std::string_view path);

// Whether a figure that goes up gets better: what its metric says, false for losses.
bool higher_is_better(const std::string& figure);

// Of a run that another process may be writing. A config or metrics that are damaged are an Error that names the file.
RunInfo read_run(const RunPaths& paths);

struct FoundRuns {
  std::vector<RunPaths> runs;
  std::vector<std::filesystem::path> foreign;  // folders beside them that are no runs
};

// The runs of a folder of runs, by name; a folder that is not there has none.
FoundRuns runs_in(const std::filesystem::path& folder);

}  // namespace dl
