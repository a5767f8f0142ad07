// Sets that have targets besides "y".
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

class Targeted {
 public:
  virtual ~Targeted() = default;
  // Fields that losses and metrics alone read, as they read "y".
  virtual std::vector<std::string> further_targets() const = 0;
};

// The names of "y" and of further targets: what of the set is no input of the model.
std::vector<std::string> target_names(const Dataset& data);

}  // namespace dl
