// How a reduction over any axes is cut into blocks, by its shape alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/device/cuda/grid.h"
#include "lib/device/cuda/kernels/reduce.h"
#include "lib/graph/type.h"

namespace dl::cuda {

// Arguments without their addresses.
struct ReducePlan {
  // words: of a fold's state.
  ReducePlan(const Type& x, const std::vector<int>& axes, int words);

  bool by_rows = false;        // the innermost axis is folded
  Reduction wide{}, narrow{};  // where x is a multiple of `alignment`, and anywhere
  int64_t alignment = 0;       // 0: never wide
  Grid grid;
  int64_t partial_bytes = 0;  // 0: one piece
  MergePieces merge{};        // of several
  Grid merge_grid;
};

}  // namespace dl::cuda
