// Operations as lines of Python: one table over all of them that a network's evaluation has, for every library of
// arrays.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/interop/code/dialect.h"
#include "lib/interop/program/open_graph.h"
#include "lib/interop/program/steps.h"

namespace dl::code {

struct OpsText {
  std::vector<std::string> lines;  // of a function's body, not indented
  std::string result;              // an expression
};

// The graph's only output. `name_of` gives the expression for an input or a variable of the graph, by its name; where a
// size counts samples, the code reads `samples`, which it sets first where it needs it, from the first input.
OpsText write_ops(const OpenGraph& open, const Dialect& dialect,
                  const std::function<std::string(const Value&)>& name_of);

// The names of operations and wholes that are known.
std::vector<std::string_view> known_operations();

}  // namespace dl::code
