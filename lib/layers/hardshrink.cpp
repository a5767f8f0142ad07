// Hard shrinkage (Donoho and Johnstone 1994): y = x where |x| > lambd, 0 elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Hardshrink final : Layer {
  double lambd = 0.5;

  void describe(Schema& s) override {
    s.summary("x where |x| > lambd, 0 elsewhere");
    s.also_known_as({"Hardshrink", "hard_shrink"});
    s.optional("lambd", lambd, "largest |x| of which y is 0")
        .at_least(0)
        .positional()
        .known_as({"threshold", "lambda"});
    s.example("hardshrink: 0.6");
  }

  Value build(Builder&, Value x) const override { return where(abs(x) > lambd, x, 0); }
  void twins(Twins& t) const override { t.pytorch("nn.Hardshrink({lambd})"); }
};
DL_LAYER(Hardshrink, "hardshrink");

}  // namespace
}  // namespace dl
