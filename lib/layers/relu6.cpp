// Rectified linear unit that stops at 6 (Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10"): y =
// min(max(x, 0), 6)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Relu6 final : Layer {
  void describe(Schema& s) override {
    s.summary("rectified linear unit, at most 6");
    s.also_known_as({"ReLU6"});
    s.example("relu6");
  }
  Value build(Builder&, Value x) const override { return minimum(maximum(x, 0), 6); }
  void twins(Twins& t) const override {
    t.pytorch("nn.ReLU6()").plainly("F.relu6({x})");
    t.keras("layers.ReLU(max_value=6)");
    t.flax_expression("nn.relu6({x})");
  }
};
DL_LAYER(Relu6, "relu6");

}  // namespace
}  // namespace dl
