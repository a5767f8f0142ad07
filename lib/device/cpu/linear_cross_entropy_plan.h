// How a linear layer's cross-entropy is cut into chunks of rows and blocks of classes: by the shapes alone, so that the
// bits do not depend on the number of threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/base/thread_team.h"

namespace dl {

// Rows go by chunks, of which each holds its logits transposed. The classes are cut into groups, which add to the
// gradient of x in places of their own, and a group into blocks that stay in cache.
struct LinearCrossEntropyPlan {
  int64_t rows = 0, features = 0, classes = 0;
  int64_t chunk_rows = 0;
  int64_t stride = 0;              // floats from one class's logits to the next's
  int64_t groups = 1, blocks = 1;  // blocks: of a group

  Range group(int64_t i) const { return split(classes, groups, i); }
  // Of classes; some group may have fewer blocks, the others being empty.
  Range block(int64_t of_group, int64_t i) const {
    const Range all = group(of_group), part = split(all.end - all.begin, blocks, i);
    return {all.begin + part.begin, all.begin + part.end};
  }
  int64_t largest_block() const { return block(0, 0).end; }
};
LinearCrossEntropyPlan plan_linear_cross_entropy(int64_t rows, int64_t features, int64_t classes);

}  // namespace dl
