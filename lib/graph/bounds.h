// Bounds of values that follow from the operations: what no input and no weight can make them exceed.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <limits>

#include "lib/graph/graph.h"

namespace dl {

struct Bounds {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
};

// Wide where nothing is known: behind weights, and behind sums over other axes than the last.
Bounds bounds_of(const Value& value);

}  // namespace dl
