// The approximation of gelu by a sigmoid (Hendrycks and Gimpel 2016, arXiv:1606.08415), as CLIP has it: y = x
// sigmoid(1.702 x)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct QuickGelu final : Layer {
  void describe(Schema& s) override {
    s.summary("gelu approximated by a sigmoid, x sigmoid(1.702 x)");
    s.also_known_as({"QuickGELU", "QuickGELUActivation"});
    s.example("quick_gelu");
  }
  Value build(Builder&, Value x) const override { return x * sigmoid(1.702 * x); }
};
DL_LAYER(QuickGelu, "quick_gelu");

}  // namespace
}  // namespace dl
