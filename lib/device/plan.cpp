// Placing blocks in an arena.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/plan.h"

#include <algorithm>
#include <numeric>

#include "lib/graph/sizes.h"

namespace dl {

namespace {

int64_t aligned(int64_t bytes) { return plus(bytes, 63) / 64 * 64; }

}  // namespace

int64_t place(std::vector<Block>& blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::vector<size_t> placed;  // by offset
  int64_t total = 0;
  for (size_t index : order) {
    Block& block = blocks[index];
    const int64_t bytes = aligned(block.bytes);
    int64_t offset = 0;
    for (size_t other : placed) {
      const Block& b = blocks[other];
      if (b.last < block.first || b.first > block.last) continue;
      if (b.offset >= offset + bytes) break;
      offset = std::max(offset, b.offset + aligned(b.bytes));
    }
    block.offset = offset;
    const auto at = std::upper_bound(placed.begin(), placed.end(), offset,
                                     [&](int64_t value, size_t p) { return value < blocks[p].offset; });
    placed.insert(at, index);
    total = std::max(total, plus(offset, bytes));
  }
  return total;
}

}  // namespace dl
