// Parameter groups: which parameters are updated how. Those of a group lie together, so that each is one range.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "lib/nn/network.h"
#include "lib/nn/update_chain.h"

namespace dl {

// An optimizer's groups applied to a network.
class ParameterGroups {
 public:
  // The parameters that an optimizer updates.
  struct Part {
    const Optimizer* optimizer = nullptr;         // must outlive the groups
    Reading reading;                              // stands at the optimizer
    std::function<bool(const Tensor&)> has = {};  // unset: it has all
  };
  ParameterGroups() = default;  // none: the run's optimizer updates all alike
  // Reads the groups' keys, and arranges the network's parameters group by group, those of no group last. `base` must
  // outlive it. A key that the optimizer does not have and a group that no parameter is in are problems at their
  // places; `r` stands at the optimizer. Without a network only the keys are read.
  ParameterGroups(const Optimizer& base, Network* network, const Reading& r);
  // The same of several optimizers: a parameter is of the first part that has it, those of none lie last. `lr` is the
  // rate that the ranges' factors are of.
  ParameterGroups(const std::vector<Part>& parts, double lr, Network* network);

  // Of a part, ascending; none without a network.
  const std::vector<UpdateRange>& ranges(size_t part = 0) const { return ranges_.at(part); }

 private:
  std::vector<std::unique_ptr<Optimizer>> optimizers_;  // one a group
  std::vector<std::vector<UpdateRange>> ranges_{1};     // by part
};

}  // namespace dl
