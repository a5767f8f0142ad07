// Gaussian dropout (Srivastava et al. 2014): while training each element is multiplied by a normal number with mean 1
// and variance p / (1 - p)
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct GaussianDropout final : Layer {
  double p = 0.5;

  void describe(Schema& s) override {
    s.summary("multiplies by normal numbers around 1 while training");
    s.also_known_as({"GaussianDropout"});
    s.optional("p", p, "as of dropout: the variance is p / (1 - p)")
        .at_least(0)
        .below(1)
        .positional()
        .known_as({"rate"});
    s.example("gaussian_dropout: 0.1");
  }

  Value build(Builder& b, Value x) const override {
    return b.training() && p > 0 ? x * (1 + std::sqrt(p / (1 - p)) * standard_normal(b, x.shape())) : x;
  }
};
DL_LAYER(GaussianDropout, "gaussian_dropout");

}  // namespace
}  // namespace dl
