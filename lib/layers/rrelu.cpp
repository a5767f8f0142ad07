// Randomized leaky rectified linear unit (Xu et al. 2015, arXiv:1505.00853): y = x where x > 0, a x elsewhere, with a
// uniform in [lower, upper) for each element while training, else their mean
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Rrelu final : Layer {
  double lower = 1.0 / 8, upper = 1.0 / 3;

  void describe(Schema& s) override {
    s.summary("leaky rectified linear unit with a random slope while training");
    s.also_known_as({"RReLU"});
    s.optional("lower", lower, "the least slope").at_least(0).at_most(1);
    s.optional("upper", upper, "the largest slope").at_least(0).at_most(1);
    s.example("rrelu: {lower: 0.1, upper: 0.3}");
    s.check([this](const Report& report) {
      if (upper < lower) report.at("upper", concat("expected at least lower (", lower, "), got ", upper));
    });
  }

  Value build(Builder& b, Value x) const override {
    if (!b.training()) return where(x > 0, x, (lower + upper) / 2 * x);
    return where(x > 0, x, (lower + (upper - lower) * b.random(x.shape())) * x);
  }
};
DL_LAYER(Rrelu, "rrelu");

}  // namespace
}  // namespace dl
