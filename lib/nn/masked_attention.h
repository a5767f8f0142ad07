// Attention of which a mask says who sees whom.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/ops.h"

namespace dl {

// With the matrix of all queries and keys: what attention() is where mask [batch, queries, keys] is not 0.
Value masked_attention(Value q, Value k, Value v, Value mask, const AttentionOptions& o);

}  // namespace dl
