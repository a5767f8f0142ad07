// Gaussian error linear unit (Hendrycks and Gimpel 2016, arXiv:1606.08415): y = x Phi(x), Phi the normal distribution;
// with approximate: tanh, y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Gelu final : Layer {
  std::string approximate = "none";

  void describe(Schema& s) override {
    s.summary("Gaussian error linear unit");
    s.also_known_as({"GELU"});
    s.optional("approximate", approximate, "the exact form, or the one with tanh that GPT-2 has")
        .one_of({"none", "tanh"});
    s.example("gelu");
    s.example("gelu: {approximate: tanh}");
  }

  Value build(Builder&, Value x) const override {
    if (approximate == "tanh")
      return 0.5 * x * (1 + tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    return map(Function::gelu, x);
  }
  void twins(Twins& t) const override {
    t.pytorch("nn.GELU(approximate={approximate|'none'})").plainly("F.gelu({x}, approximate={approximate|'none'})");
    if (approximate == "none") t.keras("layers.Activation(activation:'gelu')");
    t.say("flax_approximate", approximate == "tanh" ? "True" : "False");
    t.flax_expression("nn.gelu({x}, approximate={flax_approximate|True})");
  }
};
DL_LAYER(Gelu, "gelu");

}  // namespace
}  // namespace dl
