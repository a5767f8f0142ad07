// How a result takes its elements from an operand of permuted or repeated axes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "lib/device/cuda/grid.h"
#include "lib/device/cuda/kernels/strided.h"
#include "lib/device/moves.h"

namespace dl::cuda {

// Arguments without their addresses.
struct StridedPlan {
  // Outermost first; elements of 1, 2 or 4 bytes.
  StridedPlan(std::vector<StridedDimension> dimensions, int64_t element_bytes);

  bool empty = false;
  bool tiled = false;  // by `tiles`, else by one of the copies
  TransposeTiles tiles{};
  StridedCopy wide{}, narrow{};  // where both addresses are multiples of 16; where they are of an element
  Grid grid;
};

}  // namespace dl::cuda
