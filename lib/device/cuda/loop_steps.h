// A fused loop made ready to be written as text: what is to be one instruction of the GPU is one step.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "lib/graph/loop.h"

namespace dl::cuda {

struct LoopStep {
  enum class Kind : uint8_t { load, constant, iota, random, map, copy /* of a */, row_sum, row_max };
  Kind kind = Kind::constant;
  dl::Function function = dl::Function::add;  // map
  Loop::Extent extent = Loop::Extent::scalar;
  std::array<int, 3> from = {-1, -1, -1};  // earlier steps
  std::array<bool, 3> negative = {};       // fma: which operands change their sign first
  int tensor = -1;                         // load, random
  Loop::Access access;                     // load
  bool scattered = false;                  // load, of a flat loop: each element is looked for by itself
  float value = 0;                         // constant
  uint64_t key = 0;                        // random
};

struct LoopResult {
  Loop::Result::Kind kind = Loop::Result::Kind::store;
  int source = -1;
  int64_t group = 0;
  int tensor = -1;  // where it goes; moments: and the next
};

// Tensors are numbered: the op's inputs, its outputs, then working memory.
struct LoopSteps {
  int64_t rows = 1, cols = 1;
  std::vector<LoopStep> steps;
  std::vector<LoopResult> results;
};

// Rewrites: a product and a sum of one extent become a multiply-add unless the product is stored or rounded, a division
// by what changes less often a multiplication, powers by small constants products. What a register becomes depends
// on the registers that it is made from and on their being stored or rounded, so that a part of a loop (loop_part.h)
// has the same bits as the whole.
LoopSteps steps_of(const Loop& loop, int inputs);

// The steps that results need, in a space without rows or columns that are all the same to them.
LoopSteps needed_steps(LoopSteps steps);

bool reduces_row(const LoopStep& s);
bool sums_groups(const LoopResult& r);  // of rows: their sums, or moments
bool is_total(const LoopResult& r);
// The access of every element to its own.
bool is_identity(const Loop::Access& a, int64_t rows);

// Whether rows and columns are all the same to the steps, or there is only one: then those of a space of one row in
// which each step is a number or has a value for each element.
bool is_flat(const LoopSteps& steps);
LoopSteps flattened(LoopSteps steps);

}  // namespace dl::cuda
