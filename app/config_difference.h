// What differs between configs, key by key.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/spec/node.h"

namespace dl {

struct Difference {
  std::string key;                                 // "optimizer.adamw.lr", "model[3].linear.out_features"
  std::vector<std::optional<std::string>> values;  // of each config, in one line; nothing where it lacks the key
};

// In the order of the first config. Lists of different lengths are compared where they differ: a layer that one config
// has more is "model[4]" of that one, not all that follow.
std::vector<Difference> config_differences(const std::vector<const Node*>& configs);

}  // namespace dl
