// Exponential linear unit (Clevert et al. 2015, arXiv:1511.07289): y = x where x > 0, alpha (exp(x) - 1) elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Elu final : Layer {
  double alpha = 1;

  void describe(Schema& s) override {
    s.summary("exponential linear unit: x where x > 0, alpha (exp(x) - 1) elsewhere");
    s.also_known_as({"ELU"});
    s.optional("alpha", alpha, "the negative of what y approaches as x goes to -infinity").at_least(0).positional();
    s.example("elu");
    s.example("elu: {alpha: 0.5}");
  }

  Value build(Builder&, Value x) const override { return where(x > 0, x, alpha * (exp(where(x > 0, 0, x)) - 1)); }
  void twins(Twins& t) const override {
    t.pytorch("nn.ELU(alpha={alpha|1})");
    t.keras("layers.ELU(alpha={alpha|1})");
    t.flax_expression("nn.elu({x}, {alpha|1})");
  }
};
DL_LAYER(Elu, "elu");

}  // namespace
}  // namespace dl
