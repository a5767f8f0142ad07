// Leaky rectified linear unit (Maas et al. 2013): y = x where x > 0, negative_slope x elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct LeakyRelu final : Layer {
  double negative_slope = 0.01;
  void describe(Schema& s) override {
    s.summary("leaky rectified linear unit: x where x > 0, negative_slope x elsewhere");
    s.also_known_as({"LeakyReLU"});
    s.optional("negative_slope", negative_slope, "what values below 0 are multiplied by")
        .positional()
        .known_as({"alpha", "slope"});
    s.example("leaky_relu: 0.2");
  }
  Value build(Builder&, Value x) const override { return where(x > 0, x, negative_slope * x); }
  void twins(Twins& t) const override {
    t.pytorch("nn.LeakyReLU({negative_slope})");
    t.keras("layers.LeakyReLU(negative_slope={negative_slope})");
    t.flax_expression("nn.leaky_relu({x}, {negative_slope|0.01})");
  }
};
DL_LAYER(LeakyRelu, "leaky_relu");

}  // namespace
}  // namespace dl
