// Sequences that have fewer steps than there are places: the lengths that layers take as a second input.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// Of x [batch, places, features] and the steps that each sample has, i32 [batch]: whether a place is one of them,
// [batch, places, 1]. Other lengths are a ShapeError.
Value is_step(Value x, Value lengths);

}  // namespace dl
