// Chunks by what logits take, blocks by what a cache holds.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/linear_cross_entropy_plan.h"

#include <algorithm>

#include "lib/base/division.h"

namespace dl {
namespace {

constexpr int64_t chunk_floats = 4 << 20;  // logits of a chunk, but for
constexpr int64_t least_chunk_rows = 128;  // below, reading the weight costs more than multiplying with it
constexpr int64_t most_chunk_rows = 512;
constexpr int64_t block_floats = 160 << 10;
constexpr int64_t most_groups = 16;
constexpr int64_t line = 16;  // floats of a cache line

}  // namespace

LinearCrossEntropyPlan plan_linear_cross_entropy(int64_t rows, int64_t features, int64_t classes) {
  LinearCrossEntropyPlan p{.rows = rows, .features = features, .classes = classes};
  const int64_t most = std::clamp(chunk_floats / classes, least_chunk_rows, most_chunk_rows);
  const int64_t chunks = std::max<int64_t>(ceil_div(rows, most), 1);
  p.chunk_rows = std::min(round_up(ceil_div(rows, chunks), line), rows);
  p.stride = round_up(p.chunk_rows, line);
  if (p.stride / line % 2 == 0) p.stride += line;  // an odd number of lines: columns spread over the whole cache
  p.groups = std::clamp<int64_t>(classes / line, 1, most_groups);
  p.blocks = ceil_div(p.group(0).end, std::max(block_floats / p.stride, line));
  return p;
}

}  // namespace dl
