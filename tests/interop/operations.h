// The names of the operations that there are, as their headers say them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <set>
#include <string>

namespace dl::testing {

// Of lib/graph/ops, but those that only training and decoding have: no export needs a row for them.
std::set<std::string> operations_of_evaluation();

}  // namespace dl::testing
