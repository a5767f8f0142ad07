// Squareplus (Barron 2021, arXiv:2112.11687): y = (x + sqrt(x^2 + b)) / 2
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Squareplus final : Layer {
  double b = 4;

  void describe(Schema& s) override {
    s.summary("smooth rectifier without an exponential, (x + sqrt(x^2 + b)) / 2");
    s.also_known_as({"Squareplus"});
    s.optional("b", b, "how round it is at 0").above(0).positional();
    s.example("squareplus: 1");
  }

  Value build(Builder&, Value x) const override { return 0.5 * (x + sqrt(x * x + b)); }
};
DL_LAYER(Squareplus, "squareplus");

}  // namespace
}  // namespace dl
