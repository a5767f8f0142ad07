// Layer scale (Touvron et al. 2021, arXiv:2103.17239): y = gamma x, a learned factor for each channel; put at the end
// of a residual branch
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct LayerScale final : Layer {
  std::shared_ptr<const Initializer> init;

  void describe(Schema& s) override {
    s.summary("a learned factor for each channel");
    s.details("Parameter: gamma [channels].");
    s.also_known_as({"LayerScale", "gamma"});
    s.optional("init", init, "initializer of the factors; without it 1e-5").known_as({"init_values"});
    s.example("layer_scale");
    s.example("layer_scale: {init: {constant: 0.1}}");
  }

  Value build(Builder& b, Value x) const override {
    return x * b.parameter("gamma", {x.shape().last()}, init ? init : constant_initializer(1e-5));
  }
};
DL_LAYER(LayerScale, "layer_scale");

}  // namespace
}  // namespace dl
