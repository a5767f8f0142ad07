// Continuously differentiable ELU (Barron 2017, arXiv:1704.07483): y = max(0, x) + alpha (exp(min(0, x) / alpha) - 1)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Celu final : Layer {
  double alpha = 1;

  void describe(Schema& s) override {
    s.summary("continuously differentiable exponential linear unit");
    s.also_known_as({"CELU"});
    s.optional("alpha", alpha, "the negative of what y approaches as x goes to -infinity").above(0).positional();
    s.example("celu");
    s.example("celu: {alpha: 0.5}");
  }

  Value build(Builder&, Value x) const override {
    return where(x > 0, x, alpha * (exp(where(x > 0, 0, x) / alpha) - 1));
  }
  void twins(Twins& t) const override {
    t.pytorch("nn.CELU(alpha={alpha|1})");
    t.flax_expression("nn.celu({x}, {alpha|1})");
  }
};
DL_LAYER(Celu, "celu");

}  // namespace
}  // namespace dl
