// Where each value of a step lies: lifetimes, then places in one arena.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace dl {

// A piece of memory needed from step `first` to step `last`, both included.
struct Block {
  int64_t bytes = 0;
  int first = 0;
  int last = 0;
  int64_t offset = 0;  // the answer, a multiple of 64
};

// Gives every block an offset so that blocks alive at the same time do not overlap; returns the bytes used, or throws
// ShapeError where 64 bits do not count them.
// Largest first, each at the lowest place that fits: within a few percent of the least possible on real networks.
int64_t place(std::vector<Block>& blocks);

}  // namespace dl
