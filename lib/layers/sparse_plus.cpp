// Sparse plus (Keras): y = 0 where x <= -1, x where x >= 1, (x + 1)^2 / 4 between
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct SparsePlus final : Layer {
  void describe(Schema& s) override {
    s.summary("rectifier with a parabola around 0");
    s.also_known_as({"SparsePlus"});
    s.example("sparse_plus");
  }
  Value build(Builder&, Value x) const override {
    const Value between = minimum(maximum(x, -1), 1) + 1;
    return 0.25 * between * between + maximum(x - 1, 0);
  }
};
DL_LAYER(SparsePlus, "sparse_plus");

}  // namespace
}  // namespace dl
