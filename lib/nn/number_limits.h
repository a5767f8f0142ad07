// Which whole numbers of its inputs a network can take.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/graph/graph.h"

namespace dl {

// Whole numbers of an input that choose a row of a layer's table, or say how many steps of a sequence count.
struct NumberLimit {
  std::string input;
  int64_t count = 0;  // they are to be 0 … count - 1
  bool chooses_row = true;
  std::string layer;  // its path: "3", "tokens"
};

// Of all inputs of a network's graph that tables, attention or masks of steps take as they are, in the graph's order.
std::vector<NumberLimit> number_limits_of(const Graph& g);

}  // namespace dl
