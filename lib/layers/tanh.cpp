// Hyperbolic tangent: y = tanh(x)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Tanh final : Layer {
  void describe(Schema& s) override {
    s.summary("hyperbolic tangent, from -1 to 1");
    s.also_known_as({"Tanh"});
    s.example("tanh");
  }
  Value build(Builder&, Value x) const override { return tanh(x); }
  void twins(Twins& t) const override {
    t.pytorch("nn.Tanh()").plainly("torch.tanh({x})");
    t.keras("layers.Activation(activation:'tanh')");
    t.flax_expression("nn.tanh({x})");
  }
};
DL_LAYER(Tanh, "tanh");

}  // namespace
}  // namespace dl
