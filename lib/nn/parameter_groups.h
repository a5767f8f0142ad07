// Parameter groups: which parameters are updated how. Those of a group lie together, so that each is one range.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "lib/nn/network.h"
#include "lib/nn/update_chain.h"

namespace dl {

// An optimizer's groups applied to a network.
class ParameterGroups {
 public:
  ParameterGroups() = default;  // none: the run's optimizer updates all alike
  // Reads the groups' keys, and arranges the network's parameters group by group, those of no group last. `base` must
  // outlive it. A key that the optimizer does not have and a group that no parameter is in are problems at their
  // places; `r` stands at the optimizer. Without a network only the keys are read.
  ParameterGroups(const Optimizer& base, Network* network, const Reading& r);

  // From begin to end of the parameters; empty without a network.
  const std::vector<UpdateRange>& ranges() const { return ranges_; }

 private:
  std::vector<std::unique_ptr<Optimizer>> optimizers_;  // one a group
  std::vector<UpdateRange> ranges_;
};

// Whether `pattern` stands for the whole text: '*' for any characters, '?' for one.
bool fits_pattern(std::string_view pattern, std::string_view text);

}  // namespace dl
