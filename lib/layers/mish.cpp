// Mish (Misra 2019, arXiv:1908.08681): y = x tanh(softplus(x))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Mish final : Layer {
  void describe(Schema& s) override {
    s.summary("x tanh(softplus(x))");
    s.also_known_as({"Mish"});
    s.example("mish");
  }
  Value build(Builder&, Value x) const override { return x * tanh(softplus(x)); }
  void twins(Twins& t) const override {
    t.pytorch("nn.Mish()").plainly("F.mish({x})");
    t.keras("layers.Activation(activation:'mish')");
  }
};
DL_LAYER(Mish, "mish");

}  // namespace
}  // namespace dl
