// Linear maps, normalizations and dropout within layers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/linear_part.h"

#include <cmath>

#include "lib/nn/functions.h"

namespace dl {

Value linear_part(Builder& b, Value x, int64_t out_features, bool bias) {
  const int64_t in = x.shape().last();
  const auto pytorch = uniform_initializer(1.0 / std::sqrt(static_cast<double>(in)));
  const Value y = matmul(x, b.parameter("weight", {out_features, in}, pytorch), false, true);
  return bias ? y + b.parameter("bias", {out_features}, pytorch) : y;
}

Value layer_norm_part(Builder& b, Value x, double eps, bool bias) {
  const int64_t features = x.shape().last();
  const Value centered = x - mean(x, {-1});
  const Value y = centered * rsqrt(mean(centered * centered, {-1}) + eps) *
                  b.parameter("weight", {features}, constant_initializer(1));
  return bias ? y + b.parameter("bias", {features}, constant_initializer(0)) : y;
}

Value dropout_part(Builder& b, Value x, double p) { return dropped(b, x, p, x.shape()); }

}  // namespace dl
