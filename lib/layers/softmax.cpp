// Softmax over the last axis: y = exp(x) / sum of exp(x)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Softmax final : Layer {
  void describe(Schema& s) override {
    s.summary("exp(x) over its sum along the last axis");
    s.details("cross_entropy takes the values before softmax: a classifier ends without it.");
    s.also_known_as({"Softmax"});
    s.example("softmax");
  }
  Value build(Builder&, Value x) const override { return softmax(x); }
  Gives gives() const override { return Gives::probabilities; }
  void twins(Twins& t) const override {
    t.pytorch("nn.Softmax(-1)").plainly("torch.softmax({x}, -1)").last();
    t.keras("layers.Softmax()");
    t.flax_expression("nn.softmax({x})");
  }
};
DL_LAYER(Softmax, "softmax");

}  // namespace
}  // namespace dl
