// Soft shrinkage (Donoho 1995): y = x moved by lambd towards 0, and 0 where |x| <= lambd
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Softshrink final : Layer {
  double lambd = 0.5;

  void describe(Schema& s) override {
    s.summary("x moved by lambd towards 0");
    s.also_known_as({"Softshrink", "soft_shrink"});
    s.optional("lambd", lambd, "by how much").at_least(0).positional().known_as({"threshold", "lambda"});
    s.example("softshrink: 0.6");
  }

  Value build(Builder&, Value x) const override { return where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0)); }
  void twins(Twins& t) const override { t.pytorch("nn.Softshrink({lambd})"); }
};
DL_LAYER(Softshrink, "softshrink");

}  // namespace
}  // namespace dl
