// A fused loop made simpler and shorter, before it is laid out for execution.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "lib/device/cpu/simd/loop.h"
#include "lib/graph/loop.h"

namespace dl {

struct LoopStep {
  enum class Kind : uint8_t { load, constant, iota, random, map, row_sum, row_max, spread /* a, to a larger extent */ };
  Kind kind = Kind::constant;
  LoopCode code = LoopCode::copy;              // map
  Loop::Extent extent = Loop::Extent::scalar;  // the least that the operands allow
  std::array<int, 4> from = {-1, -1, -1, -1};  // earlier steps
  int input = -1;                              // load, random
  Loop::Access access;                         // load
  float value = 0;                             // constant
  uint64_t key = 0;                            // random
  bool operator==(const LoopStep&) const = default;
};

struct LoopSteps {
  // The space. A loop to which rows and columns are all the same has one column here; so flat is the case cols == 1,
  // where the extents are scalar and full only.
  int64_t rows = 1, cols = 1;
  std::vector<LoopStep> steps;        // each is needed
  std::vector<Loop::Result> results;  // `source` is a step, of the extent that the result wants
};

// Rewrites: constants folded, equal steps shared, unneeded ones dropped; mul and add joined to fma, a comparison and
// the choice it makes to one step; x / y to x (1 / y) where y changes less often than x; powers to products.
// `by_rows`: rows stay rows, because they are handed over one after another.
LoopSteps simplify(const Loop& loop, const LoopMaps& maps, bool by_rows);

}  // namespace dl
