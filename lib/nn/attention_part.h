// Multi-head attention, by itself a layer and a part of the encoder's and decoder's layers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"
#include "lib/nn/rotary.h"

namespace dl {

struct AttentionPart {
  int64_t num_heads = 1;
  std::optional<int64_t> num_kv_heads, head_dim, value_dim;
  bool causal = false, bias = true, alibi = false;
  double dropout = 0;
  std::optional<Rotary> rotary;
  std::shared_ptr<const Initializer> init, out_init;

  void describe(Schema& s);
  // x [batch, queries, features], and in this order: a sequence whose positions are seen in the place of x's, another
  // that gives the values; lengths, i32 [batch], or a mask, i32 [batch, queries, keys], of what is seen. ShapeError
  // where they do not fit.
  Value build(Builder& b, std::span<const Value> inputs) const;
  void twins(Twins& t) const;
};

}  // namespace dl
