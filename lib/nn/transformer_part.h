// What the layers of a transformer's encoder and decoder have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

#include "lib/nn/attention_part.h"

namespace dl {

struct TransformerLayer : Layer {
  int64_t nhead = 1, dim_feedforward = 2048;
  double dropout = 0.1, layer_norm_eps = 1e-5;
  std::string activation = "relu";
  bool norm_first = false, bias = true, causal = false;

 protected:
  void describe_keys(Schema& s, bool causal_at_first);
  // x and what `sublayer` makes of it, added, and normalized before it or behind: with the tensors of NORM.
  Value residual(Builder& b, Value x, const std::string& norm, const std::function<Value(Value)>& sublayer) const;
  // With the tensors of ATTENTION, of what is seen in the place of x.
  Value attend(Builder& b, const std::string& attention, bool is_causal, Value x, std::span<const Value> seen) const;
  Value feed_forward(Builder& b, Value x) const;  // "linear1", "linear2"
};

}  // namespace dl
