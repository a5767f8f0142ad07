// Rotary positions of attention.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "lib/graph/op.h"
#include "lib/spec/schema.h"

namespace dl {

// Rotary positions (Su et al. 2021, arXiv:2104.09864): pairs of a head's features are turned by position base^(-2 i /
// dim), i counting the pairs.
struct Rotary {
  double base = 10000;
  std::optional<int64_t> dim;
  bool interleaved = false;
  void describe(Schema& s);
  // x [batch, length, heads head_dim], its positions along `position` f32 [length, 1] or [batch, length, 1].
  Value turn(Value x, int64_t heads, Value position) const;
};

}  // namespace dl
