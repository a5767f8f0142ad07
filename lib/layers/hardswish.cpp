// Piecewise quadratic swish (Howard et al. 2019, arXiv:1905.02244): y = x min(max(x + 3, 0), 6) / 6
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Hardswish final : Layer {
  void describe(Schema& s) override {
    s.summary("x times the piecewise linear sigmoid");
    s.also_known_as({"Hardswish", "hard_swish", "hard_silu", "HardSwish"});
    s.example("hardswish");
  }
  Value build(Builder&, Value x) const override { return x * (minimum(maximum(x + 3, 0), 6) / 6); }
  void twins(Twins& t) const override {
    t.pytorch("nn.Hardswish()").plainly("F.hardswish({x})");
    t.keras("layers.Activation(activation:'hard_swish')");
    t.flax_expression("nn.hard_swish({x})");
  }
};
DL_LAYER(Hardswish, "hardswish");

}  // namespace
}  // namespace dl
