// Softmin over the last axis: y = exp(-x) / sum of exp(-x)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Softmin final : Layer {
  void describe(Schema& s) override {
    s.summary("exp(-x) over its sum along the last axis");
    s.also_known_as({"Softmin"});
    s.example("softmin");
  }
  Value build(Builder&, Value x) const override { return softmax(-x); }
  void twins(Twins& t) const override { t.pytorch("nn.Softmin(-1)").last(); }
};
DL_LAYER(Softmin, "softmin");

}  // namespace
}  // namespace dl
