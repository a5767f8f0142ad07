// Multi-head attention, by itself a layer and a part of the encoder's and decoder's layers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"

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

// y = x W^T + b along the last axis, with "weight" and "bias" as torch.nn.Linear has them.
Value linear_part(Builder& b, Value x, int64_t out_features, bool bias = true);
// Normalization along the last axis, with "weight" and "bias" as torch.nn.LayerNorm has them.
Value layer_norm_part(Builder& b, Value x, double eps = 1e-5, bool bias = true);
// Elements set to 0 with probability p while training.
Value dropout_part(Builder& b, Value x, double p);

}  // namespace dl
