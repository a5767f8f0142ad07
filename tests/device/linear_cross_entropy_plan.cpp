// Tests of how rows and classes are cut for a linear layer's cross-entropy.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/linear_cross_entropy_plan.h"

#include <doctest/doctest.h>

namespace dl {
namespace {

TEST_CASE("groups and blocks hold each class once, in order, and no block is larger than the first") {
  for (const int64_t rows : {1, 15, 128, 2048, 100'000})
    for (const int64_t classes : {1, 2, 10, 65, 257, 10'000, 50'257, 1'000'000}) {
      CAPTURE(rows);
      CAPTURE(classes);
      const LinearCrossEntropyPlan p = plan_linear_cross_entropy(rows, 64, classes);
      int64_t next = 0;
      for (int64_t g = 0; g < p.groups; ++g)
        for (int64_t b = 0; b < p.blocks; ++b) {
          const Range block = p.block(g, b);
          if (block.empty()) continue;
          CHECK(block.begin == next);
          CHECK(block.end - block.begin <= p.largest_block());
          next = block.end;
        }
      CHECK(next == classes);
      CHECK(p.largest_block() * p.stride <= (160 << 10) + 16 * p.stride);
    }
}

TEST_CASE("chunks of rows are whole cache lines, and of as many rows as their logits allow") {
  CHECK(plan_linear_cross_entropy(1, 8, 10).chunk_rows == 1);
  CHECK(plan_linear_cross_entropy(2048, 8, 10).chunk_rows == 512);
  CHECK(plan_linear_cross_entropy(2048, 8, 10'000).chunk_rows == 416);     // 5 chunks
  CHECK(plan_linear_cross_entropy(2048, 8, 1'000'000).chunk_rows == 128);  // the least that pays
  for (const int64_t rows : {16, 100, 1000, 12'345})
    for (const int64_t classes : {10, 1000, 50'257}) {
      const LinearCrossEntropyPlan p = plan_linear_cross_entropy(rows, 8, classes);
      CHECK(p.stride >= p.chunk_rows);
      CHECK(p.stride % 16 == 0);
      CHECK(p.stride / 16 % 2 == 1);  // columns spread over the whole cache
      CHECK((p.chunk_rows % 16 == 0 || p.chunk_rows == rows));
    }
}

}  // namespace
}  // namespace dl
