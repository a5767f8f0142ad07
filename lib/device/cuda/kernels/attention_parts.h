// Where blocks had parts of the keys: the parts' results joined.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

struct AttentionPieces {
  const float *y, *log_sums;  // of each part
  void* whole_y;
  float* whole_log_sums;
  int parts, batch, heads, queries, head_dim;
};

// The parts' means weighed by their sums, in their order. A warp a row.
template <class T, class Thread>
void join_attention(const Thread& t, const AttentionPieces& p) {
  const long long rows = static_cast<long long>(p.batch) * p.heads * p.queries;
  const long long row = static_cast<long long>(t.block()) * (t.count() / 32) + t.warp();
  if (row >= rows) return;
  float most = float_of(0xff800000u), total = 0;
  for (int i = 0; i < p.parts; ++i) most = fmaxf(most, p.log_sums[i * rows + row]);
  const float base = most == float_of(0xff800000u) ? 0 : most;
  for (int i = 0; i < p.parts; ++i) total += expf(p.log_sums[i * rows + row] - base);
  const float inverse = total == 0 ? 0 : 1 / total;
  const long long of_queries = row / p.queries, sample = of_queries / p.heads;
  T* y = static_cast<T*>(p.whole_y) +
         ((sample * p.queries + row % p.queries) * p.heads + of_queries % p.heads) * p.head_dim;
  for (int d = t.lane(); d < p.head_dim; d += 32) {
    float sum = 0;
    for (int i = 0; i < p.parts; ++i)
      sum += expf(p.log_sums[i * rows + row] - base) * p.y[(i * rows + row) * p.head_dim + d];
    y[d] = number<T>(sum * inverse);
  }
  if (t.lane() == 0) p.whole_log_sums[row] = total == 0 ? float_of(0xff800000u) : base + logf(total);
}

}  // namespace dl::cuda
