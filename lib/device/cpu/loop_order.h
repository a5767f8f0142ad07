// When the steps of a loop are computed: the blocks that rows are cut into, the tiles of long rows, and phases.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "lib/device/cpu/loop_steps.h"

namespace dl {

bool is_row_reduction(const LoopStep& s);
bool over_rows(const LoopStep& s);  // else it is a number or a column, computed once

struct LoopOrder {
  LoopSteps steps;         // those given; where rows are short, a number a row is spread over its row first
  int64_t block_rows = 1;  // rows of a block
  int64_t tile = 1;        // columns of a tile; all if there is only one
  int phases = 1;          // more than one only where there are tiles
  std::vector<int> phase;  // for rows the first phase that has the value; for the whole space the one that computes it
  std::vector<size_t> order;          // the steps as they are executed: numbers and columns, then what is over rows
  std::vector<int64_t> at, last_use;  // of each step: its place in this order, and that of the last step that reads it

  bool tiled() const { return tile < steps.cols; }
  // The phase among whose tiles, or before them, step i is computed.
  int computed_in(size_t i) const;
  // Whether some step reads step i in a phase that `test` accepts.
  template <class Test>
  bool used(size_t i, Test test) const {
    for (size_t user = i + 1; user < steps.steps.size(); ++user) {
      const LoopStep& s = steps.steps[user];
      if (std::find(s.from.begin(), s.from.end(), static_cast<int>(i)) == s.from.end()) continue;
      if (test(computed_in(user))) return true;
    }
    return false;
  }
};

LoopOrder order_loop(const LoopSteps& steps);

}  // namespace dl
