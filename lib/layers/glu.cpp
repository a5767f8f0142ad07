// Gated linear unit (Dauphin et al. 2016, arXiv:1612.08083): y = a sigmoid(b), a and b the halves of the last axis
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/gated_layer.h"

namespace dl {
namespace {

struct Glu final : GatedLayer {
  void describe(Schema& s) override {
    s.summary("first half of the features times the sigmoid of the second");
    describe_gated(s);
    s.also_known_as({"GLU"});
    s.example("glu");
  }
  Value gate(Value x) const override { return sigmoid(x); }
  void twins(Twins& t) const override {
    t.pytorch("nn.GLU(-1)").plainly("F.glu({x}, -1)").last();
    t.flax_expression("nn.glu({x})");
  }
};
DL_LAYER(Glu, "glu");

}  // namespace
}  // namespace dl
