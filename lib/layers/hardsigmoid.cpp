// Piecewise linear sigmoid (Courbariaux et al. 2015, arXiv:1511.00363; Howard et al. 2019, arXiv:1905.02244): y =
// min(max(x + 3, 0), 6) / 6
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Hardsigmoid final : Layer {
  void describe(Schema& s) override {
    s.summary("piecewise linear sigmoid, min(max(x + 3, 0), 6) / 6");
    s.also_known_as({"Hardsigmoid", "hard_sigmoid", "HardSigmoid"});
    s.example("hardsigmoid");
  }
  Value build(Builder&, Value x) const override { return minimum(maximum(x + 3, 0), 6) / 6; }
  void twins(Twins& t) const override {
    t.pytorch("nn.Hardsigmoid()").plainly("F.hardsigmoid({x})");
    t.keras("layers.Activation(activation:'hard_sigmoid')");
    t.flax_expression("nn.hard_sigmoid({x})");
  }
};
DL_LAYER(Hardsigmoid, "hardsigmoid");

}  // namespace
}  // namespace dl
