// The quantile loss of numbers, which a loss and a metric have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/graph/ops.h"

namespace dl {

// The mean over the quantiles q of max(q d, (q - 1) d), d = y - x: of one quantile predictions have the targets' shape,
// [batch, …], of several an axis for them behind it: [batch, …, 1]. ShapeError for others.
Value pinball(Value prediction, Value target, const std::vector<double>& quantiles);

}  // namespace dl
