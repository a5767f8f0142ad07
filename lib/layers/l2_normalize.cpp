// Vectors of length 1 along the last axis: y = x / max(|x|, eps), |x| the root of the sum of squares
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct L2Normalize final : Layer {
  double eps = 1e-12;

  void describe(Schema& s) override {
    s.summary("brings vectors along the last axis to length 1");
    s.also_known_as({"normalize", "F.normalize", "UnitNormalization", "unit_normalization", "l2_norm", "L2Norm"});
    s.optional("eps", eps, "the least length that is divided by").at_least(1e-18);  // its square is a float
    s.example("l2_normalize");
  }

  Value build(Builder&, Value x) const override { return x / sqrt(maximum(sum(x * x, {-1}), eps * eps)); }
  void twins(Twins& t) const override {
    t.pytorch_expression("F.normalize({x}, dim=-1, eps={eps})").last();
    if (eps == 1e-12) t.keras("layers.UnitNormalization()");
  }
};
DL_LAYER(L2Normalize, "l2_normalize");

}  // namespace
}  // namespace dl
