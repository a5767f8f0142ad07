// Softsign (Bergstra et al. 2009): y = x / (1 + |x|)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Softsign final : Layer {
  void describe(Schema& s) override {
    s.summary("x / (1 + |x|)");
    s.also_known_as({"Softsign"});
    s.example("softsign");
  }
  Value build(Builder&, Value x) const override { return x / (1 + abs(x)); }
  void twins(Twins& t) const override {
    t.pytorch("nn.Softsign()").plainly("F.softsign({x})");
    t.keras("layers.Activation(activation:'softsign')");
    t.flax_expression("nn.soft_sign({x})");
  }
};
DL_LAYER(Softsign, "softsign");

}  // namespace
}  // namespace dl
