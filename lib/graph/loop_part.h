// A part of a loop: some of its results, made again while others of them are still in memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "lib/graph/loop.h"

namespace dl {

struct LoopPart {
  // What an input of the part is: input `index` of the whole loop, or its output `index`.
  struct Source {
    bool is_output = false;
    int index = 0;
  };
  Loop loop;
  std::vector<Type> outputs;
  std::vector<Source> inputs;
};

// The result that output `output` of a loop is, or the second value of.
const Loop::Result& result_of(const Loop& loop, int output);

// Makes the outputs `wanted`, all of them stores, and reads the outputs `kept` in the place of computing them, where
// they have all their bits. Each instruction gives the bits that it gives in the whole loop. With `first_input`, input
// 0 stays the first.
LoopPart part_of(const LoopOp& whole, std::span<const int> wanted, std::span<const int> kept, bool first_input = false);

// The outputs that may be dropped and made again from those that are left, without the inputs for which `avoid` holds:
// the last first, as they are made from those before them.
std::vector<int> made_from_others(const LoopOp& whole, const std::function<bool(int input)>& avoid);

}  // namespace dl
