// Parametric rectified linear unit (He et al. 2015, arXiv:1502.01852): y = x where x > 0, weight x elsewhere, with the
// weight learned
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Prelu final : Layer {
  double init = 0.25;
  bool per_channel = false;

  void describe(Schema& s) override {
    s.summary("rectified linear unit with a learned slope below 0");
    s.details("Parameter: weight [1], or [channels].");
    s.also_known_as({"PReLU"});
    s.optional("init", init, "the slope at first").known_as({"alpha_initializer"});
    s.optional("per_channel", per_channel, "whether each channel has a slope of its own")
        .known_as({"num_parameters", "shared_axes"});
    s.example("prelu");
    s.example("prelu: {init: 0.1, per_channel: true}");
  }

  Value build(Builder& b, Value x) const override {
    const int64_t slopes = per_channel ? x.shape().last() : 1;
    return where(x > 0, x, b.parameter("weight", {slopes}, constant_initializer(init)) * x);
  }
  void twins(Twins& t) const override {
    t.say("slopes", std::to_string(per_channel ? t.x().last() : 1));
    t.pytorch("nn.PReLU({slopes|1})").first();
  }
};
DL_LAYER(Prelu, "prelu");

}  // namespace
}  // namespace dl
