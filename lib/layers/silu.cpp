// Sigmoid linear unit (Elfwing et al. 2017, arXiv:1702.03118; Ramachandran et al. 2017, arXiv:1710.05941): y = x
// sigmoid(x)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Silu final : Layer {
  void describe(Schema& s) override {
    s.summary("sigmoid linear unit, x sigmoid(x)");
    s.also_known_as({"SiLU", "swish", "Swish"});
    s.example("silu");
  }
  Value build(Builder&, Value x) const override { return x * sigmoid(x); }
  void twins(Twins& t) const override {
    t.pytorch("nn.SiLU()").plainly("F.silu({x})");
    t.keras("layers.Activation(activation:'silu')");
    t.flax_expression("nn.silu({x})");
  }
};
DL_LAYER(Silu, "silu");

}  // namespace
}  // namespace dl
