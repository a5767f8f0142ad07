// Attention written with products and softmax.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/masked_attention.h"

#include <cmath>

#include "lib/graph/ops/generate.h"
#include "lib/nn/merge_layer.h"

namespace dl {

Value masked_attention(Value q, Value k, Value v, Value mask, const AttentionOptions& o) {
  const int64_t batch = q.shape()[0], queries = q.shape()[1], keys = k.shape()[1], dim = q.shape()[2] / o.heads;
  const auto heads_first = [&](Value x, int64_t heads) {
    Value each = transpose(reshape(x, {batch, x.shape()[1], heads, dim}), {0, 2, 1, 3});
    if (heads < o.heads) {
      const int64_t times = o.heads / heads, length = x.shape()[1];
      each = broadcast_to(reshape(each, {batch, heads, 1, length, dim}), {batch, heads, times, length, dim});
    }
    return reshape(each, {batch * o.heads, x.shape()[1], dim});
  };
  Value scores = batched_matmul(heads_first(q, o.heads), heads_first(k, o.kv_heads));
  scores = reshape(scores * (1 / std::sqrt(static_cast<double>(dim))), {batch, o.heads, queries, keys});
  Value seen = minimum(abs(as_f32(mask)), 1);
  seen = reshape(where(seen > 0, 1, 0), {batch, 1, queries, keys});
  if (o.causal) seen = seen * (reshape(iota(*q.graph, queries), {queries, 1}) >= iota(*q.graph, keys));
  // A query that sees nothing gives 0.
  Value shares = softmax(where(seen, scores, -1e30)) * seen;
  if (o.dropout > 0) shares = shares * where(o.random < o.dropout, 0, 1 / (1 - o.dropout));
  const Value y = batched_matmul(reshape(shares, {batch * o.heads, queries, keys}),
                                 transpose(heads_first(v, o.kv_heads), {0, 2, 1}));
  return reshape(transpose(reshape(y, {batch, o.heads, queries, dim}), {0, 2, 1, 3}), {batch, queries, -1});
}

}  // namespace dl
