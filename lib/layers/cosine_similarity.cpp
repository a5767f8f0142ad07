// Cosine of the angle between two inputs along the last axis, which becomes 1: y = sum of a b / (max(|a|, eps) max(|b|,
// eps))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct CosineSimilarityLayer final : Layer {
  double eps = 1e-8;

  void describe(Schema& s) override {
    s.summary("cosine of the angle between two layers along their last axis, which becomes 1");
    s.also_known_as({"CosineSimilarity"});
    s.optional("eps", eps, "the least length").above(0);
    s.example("cosine_similarity");
  }

  Value build(Builder&, std::span<const Value> inputs) const override {
    const auto [a, b] = expect_two_of_features(inputs);
    const auto length = [this](Value x) { return sqrt(dl::maximum(sum(x * x, {-1}), eps * eps)); };
    return sum(a * b, {-1}) / (length(a) * length(b));
  }
};
DL_LAYER(CosineSimilarityLayer, "cosine_similarity");

}  // namespace
}  // namespace dl
