// Distance of two inputs along the last axis, which becomes 1: y = (sum of |a - b + eps|^p)^(1 / p)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct PairwiseDistance final : Layer {
  double p = 2, eps = 1e-6;

  void describe(Schema& s) override {
    s.summary("distance of two layers along their last axis, which becomes 1");
    s.also_known_as({"PairwiseDistance"});
    s.optional("p", p, "of the norm: 2 is the Euclidean distance, 1 the sum of differences").at_least(1).positional();
    s.optional("eps", eps, "added to each difference").at_least(0);
    s.example("pairwise_distance");
    s.example("pairwise_distance: 1");
  }

  Value build(Builder&, std::span<const Value> inputs) const override {
    const auto [a, b] = expect_two_of_features(inputs);
    const Value off = abs(a - b + eps);
    if (p == 1) return sum(off, {-1});
    // Without eps a distance may be 0, where the root has no slope, and 0 is taken for it, as in PyTorch.
    const Value sums = sum(p == 2 ? off * off : pow(off, p), {-1}), positive = maximum(sums, 1e-30);
    return where(sums > 0, p == 2 ? sqrt(positive) : pow(positive, 1 / p), 0);
  }
};
DL_LAYER(PairwiseDistance, "pairwise_distance");

}  // namespace
}  // namespace dl
