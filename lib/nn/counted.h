// Which targets count: what means, metrics and their counts have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "lib/graph/ops.h"

namespace dl {

// Of values [batch, …] of targets: f32, 1 where the target counts and 0 where it does not, of a shape that spreads over
// them; unset where all count. None counts that is `ignore_index`, and none behind the end of its sequence: `lengths`
// i32 [batch], unset where there are none, are numbers of places along the axis behind the batch. Others are a
// ShapeError.
Value counted(Value targets, std::optional<int64_t> ignore_index, Value lengths);

// f32 []: how many of them count.
Value count_targets(Value targets, Value counted);

}  // namespace dl
