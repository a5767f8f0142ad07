// Rectified linear unit: y = max(x, 0)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Relu final : Layer {
  void describe(Schema& s) override {
    s.summary("rectified linear unit, max(x, 0)");
    s.also_known_as({"ReLU"});
    s.example("relu");
  }
  Value build(Builder&, Value x) const override { return maximum(x, 0); }
  void twins(Twins& t) const override {
    t.pytorch("nn.ReLU()").plainly("torch.relu({x})");
    t.keras("layers.ReLU()");
    t.flax_expression("nn.relu({x})");
  }
};
DL_LAYER(Relu, "relu");

}  // namespace
}  // namespace dl
