// What is fitted to training data, as it is kept in the resolved config: `data.fitted`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/base/error.h"
#include "lib/spec/schema.h"

namespace dl {

// A described struct out of Dataset::fit()'s node; keys of another kind of fit are an Error(Exit::usage).
template <class Fit>
Fit read_fit(const Node& node) {
  Fit fit;
  std::vector<Problem> problems;
  read_object(node, fit, Reading(problems, "data.fitted"));
  if (!problems.empty()) throw Error(Exit::usage, std::move(problems));
  return fit;
}

}  // namespace dl
