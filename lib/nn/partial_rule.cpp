// Rules of some parameters.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/partial_rule.h"

namespace dl {

void PartialRule::describe_choice(Schema& s) {
  s.optional("match", match, "patterns of the paths of the parameters that it is of: \"*.weight\"; without it, all")
      .known_as({"params"});
  s.optional("min_rank", min_rank, "only parameters with so many axes or more: 2 leaves biases and norms out")
      .at_least(0);
}

Value UnitConstraint::norms(Value w) {
  std::vector<int> inner;
  for (int axis = 1; axis < w.shape().rank(); ++axis) inner.push_back(axis);
  return sqrt(sum(w * w, inner));
}

}  // namespace dl
