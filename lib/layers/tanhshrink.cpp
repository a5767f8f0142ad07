// Tanh shrinkage: y = x - tanh(x)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Tanhshrink final : Layer {
  void describe(Schema& s) override {
    s.summary("x - tanh(x)");
    s.also_known_as({"Tanhshrink", "tanh_shrink"});
    s.example("tanhshrink");
  }
  Value build(Builder&, Value x) const override { return x - tanh(x); }
  void twins(Twins& t) const override { t.pytorch("nn.Tanhshrink()").plainly("F.tanhshrink({x})"); }
};
DL_LAYER(Tanhshrink, "tanhshrink");

}  // namespace
}  // namespace dl
