// Sigmoid: y = 1 / (1 + exp(-x))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Sigmoid final : Layer {
  void describe(Schema& s) override {
    s.summary("sigmoid, 1 / (1 + exp(-x)), from 0 to 1");
    s.details("The losses 'bce_with_logits' and 'cross_entropy' take the values before it.");
    s.also_known_as({"Sigmoid"});
    s.example("sigmoid");
  }
  Value build(Builder&, Value x) const override { return sigmoid(x); }
  Gives gives() const override { return Gives::probability; }
  void twins(Twins& t) const override {
    t.pytorch("nn.Sigmoid()").plainly("torch.sigmoid({x})");
    t.keras("layers.Activation(activation:'sigmoid')");
    t.flax_expression("nn.sigmoid({x})");
  }
};
DL_LAYER(Sigmoid, "sigmoid");

}  // namespace
}  // namespace dl
