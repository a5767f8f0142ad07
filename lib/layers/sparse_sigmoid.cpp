// Sparse sigmoid (Keras): y = (x + 1) / 2, at least 0 and at most 1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct SparseSigmoid final : Layer {
  void describe(Schema& s) override {
    s.summary("piecewise linear sigmoid, (x + 1) / 2 between 0 and 1");
    s.also_known_as({"SparseSigmoid"});
    s.example("sparse_sigmoid");
  }
  Value build(Builder&, Value x) const override { return minimum(maximum(0.5 * (x + 1), 0), 1); }
};
DL_LAYER(SparseSigmoid, "sparse_sigmoid");

}  // namespace
}  // namespace dl
