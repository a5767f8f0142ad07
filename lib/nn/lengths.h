// Sequences that have fewer steps than there are places, and which places are steps: the lengths that layers take as a
// second input, and losses and metrics by their key 'lengths'.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/graph/ops.h"

namespace dl {

// Of x [batch, places, …] and the steps that each sample has, i32 [batch]: whether a place is one of them, f32 [batch,
// places, 1 …] of the rank of x. Other lengths are a ShapeError with that help.
Value is_step(Value x, Value lengths, const std::string& help = "write 'from: [SEQUENCE, lengths]'");

}  // namespace dl
