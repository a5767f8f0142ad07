// Features of attention's heads: more of them, fewer, and those that are made of positions (ALiBi).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/op.h"

namespace dl {

// x is [batch, length, heads features].

// Zeros behind the features of each head, so that it has `wide` of them.
Value widened_heads(Value x, int64_t heads, int64_t wide);
// The first features of each head.
Value narrowed_heads(Value x, int64_t heads, int64_t dim);

// How much less a key at position j is seen than one at 0 is, but for what all keys of a query share, is slope j (Press
// et al. 2021, arXiv:2108.12409): a product of two more features of the query and of the key.
struct Alibi {
  int64_t heads, kv_heads, dim;  // features of a head without them

  Value query(Value q) const;
  // position: f32 [length, 1] or [batch, length, 1].
  Value key(Value k, Value position) const;
  Value value(Value v) const;
  Value result(Value y) const { return narrowed_heads(y, heads, dim); }
};

}  // namespace dl
