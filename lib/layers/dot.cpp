// Dot product of two inputs along the last axis, which becomes 1: y = sum of a b
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"
#include "lib/nn/merge_layer.h"

namespace dl {
namespace {

struct Dot final : Layer {
  bool normalize = false;

  void describe(Schema& s) override {
    s.summary("dot product of two layers along their last axis, which becomes 1");
    s.also_known_as({"Dot", "inner_product"});
    s.optional("normalize", normalize, "whether both are brought to length 1 before");
    s.example("dot");
    s.example("dot: {normalize: true}");
  }

  Value build(Builder&, std::span<const Value> inputs) const override {
    auto [a, b] = expect_two_of_features(inputs);
    if (normalize) {
      a = a * rsqrt(dl::maximum(sum(a * a, {-1}), 1e-12));
      b = b * rsqrt(dl::maximum(sum(b * b, {-1}), 1e-12));
    }
    return sum(a * b, {-1});
  }
};
DL_LAYER(Dot, "dot");

}  // namespace
}  // namespace dl
