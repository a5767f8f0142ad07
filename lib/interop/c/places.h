// Where the values of a graph lie in the one array that a C program computes in.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "lib/graph/graph.h"

namespace dl::c {

using Key = std::pair<int, int>;  // node, output

// Values whose lives do not overlap share room. A view lies where what it views does.
struct Places {
  std::map<Key, int64_t> at;  // f32 elements from the array's begin
  int64_t elements = 0;       // of the array
};

// Of the live nodes, but those that lie elsewhere: inputs, parameters.
Places place_values(const Graph& graph, const std::vector<char>& live, const std::vector<char>& elsewhere);

// The node whose memory a value is: through views.
Key root_of(const Graph& graph, const Value& v);

}  // namespace dl::c
