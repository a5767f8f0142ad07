// The levels of a pass: what is done in each going over a row.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "lib/device/cuda/loop_steps.h"

namespace dl::cuda {

// What is done in one going over a row.
struct LoopLevel {
  std::vector<int> row_steps;      // before it: made once for the row
  std::vector<int> element_steps;  // for each element, without those that are kept from earlier levels
  std::vector<int> kept;           // steps of earlier levels that it reads
  std::vector<int> reductions;     // what it sums along the row; the last level instead makes the results
};

struct LoopLevels {
  std::vector<LoopLevel> levels;
  int64_t live = 0;   // the most steps that are kept at a time, for each of a thread's elements of a row
  int64_t loads = 0;  // the most tensors of elements or columns that a level reads
};

// One level more than sums along the row lie behind each other. `keep`: what a later level needs of an earlier one
// stays in registers; else it is made again.
LoopLevels levels_of(const LoopSteps& code, bool keep);

}  // namespace dl::cuda
