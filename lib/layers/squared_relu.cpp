// Squared rectified linear unit (So et al. 2021, arXiv:2109.08668): y = max(x, 0)^2
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct SquaredRelu final : Layer {
  void describe(Schema& s) override {
    s.summary("max(x, 0) squared");
    s.also_known_as({"relu_squared", "ReLUSquaredActivation", "relu2"});
    s.example("squared_relu");
  }
  Value build(Builder&, Value x) const override {
    const Value positive = maximum(x, 0);
    return positive * positive;
  }
};
DL_LAYER(SquaredRelu, "squared_relu");

}  // namespace
}  // namespace dl
