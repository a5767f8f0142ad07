// Exponential: y = exp(x)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Exponential final : Layer {
  void describe(Schema& s) override {
    s.summary("exp(x)");
    s.also_known_as({"exp"});
    s.example("exponential");
  }
  Value build(Builder&, Value x) const override { return exp(x); }
};
DL_LAYER(Exponential, "exponential");

}  // namespace
}  // namespace dl
