// How many blocks share a kernel's work.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>

#include "lib/base/division.h"

namespace dl::cuda {

// One for each `each` of the work, at least one and at most as many as a grid has; kernels then go on in steps of the
// grid.
constexpr int blocks_for(int64_t work, int64_t each) {
  return static_cast<int>(std::clamp<int64_t>(ceil_div(work, each), 1, std::numeric_limits<int>::max()));
}

inline bool is_aligned(const void* p, int64_t bytes) {
  return reinterpret_cast<uintptr_t>(p) % static_cast<uintptr_t>(bytes) == 0;
}

}  // namespace dl::cuda
