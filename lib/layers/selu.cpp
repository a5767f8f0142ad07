// Self-normalizing exponential linear unit (Klambauer et al. 2017, arXiv:1706.02515): y = scale x where x > 0, scale
// alpha (exp(x) - 1) elsewhere, with the constants that keep mean 0 and variance 1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Selu final : Layer {
  void describe(Schema& s) override {
    s.summary("scaled exponential linear unit, which keeps mean 0 and variance 1");
    s.details("Goes with initializer 'lecun_normal' and 'alpha_dropout'.");
    s.also_known_as({"SELU"});
    s.example("selu");
  }
  Value build(Builder&, Value x) const override {
    constexpr double alpha = 1.6732632423543772, scale = 1.0507009873554805;
    return scale * where(x > 0, x, alpha * (exp(where(x > 0, 0, x)) - 1));
  }
  void twins(Twins& t) const override {
    t.pytorch("nn.SELU()").plainly("F.selu({x})");
    t.keras("layers.Activation(activation:'selu')");
    t.flax_expression("nn.selu({x})");
  }
};
DL_LAYER(Selu, "selu");

}  // namespace
}  // namespace dl
