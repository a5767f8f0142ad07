// The states of optimizers that a file holds beside weights: of torch.optim, as PyTorch's users and Lightning keep
// them, and of this program's checkpoints.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/interop/weights/weights_table.h"

namespace dl {

struct StoredOptimizer {
  std::string key;                  // "optimizer_states.0"; of a checkpoint's own file empty
  std::vector<std::string> states;  // "exp_avg", …, in the order that they occur
  int64_t parameters = 0;           // that have some
  std::optional<double> step;       // of the first, where it is kept beside them
};

// By names "KEY.state.NUMBER.STATE"; in a file of a checkpoint of this program's, which `is_ours`, by "STATE/PATH", and
// averages and what rules keep count too.
std::vector<StoredOptimizer> stored_optimizers(const WeightsTable& table, bool is_ours = false);

// "exp_avg, exp_avg_sq, step of 8 parameters, at step 40"
std::string in_words(const StoredOptimizer& optimizer);

}  // namespace dl
