// Small layers as parts of others, with tensors of their own: a linear map, a normalization; dropout.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"

namespace dl {

// y = x W^T + b along the last axis, with "weight" and "bias" as torch.nn.Linear has them.
Value linear_part(Builder& b, Value x, int64_t out_features, bool bias = true);
// Normalization along the last axis, with "weight" and "bias" as torch.nn.LayerNorm has them.
Value layer_norm_part(Builder& b, Value x, double eps = 1e-5, bool bias = true);
// Elements set to 0 with probability p while training.
Value dropout_part(Builder& b, Value x, double p);

}  // namespace dl
