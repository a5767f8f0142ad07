// A fused loop as loops of C.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/graph/loop.h"

namespace dl::c {

// A C expression for a function of such operands; all float.
std::string function_text(Function f, const std::vector<std::string>& operands);
// A float literal.
std::string literal(double value);

// Statements; `inputs` and `outputs` are pointers, of whatever number types.
std::string loop_text(const Loop& loop, const std::vector<std::string>& inputs,
                      const std::vector<std::string>& outputs);

}  // namespace dl::c
