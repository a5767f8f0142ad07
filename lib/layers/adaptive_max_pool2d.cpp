// Adaptive max pooling (He et al. 2014, arXiv:1406.4729): the largest of as many windows as are wanted
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct AdaptiveMaxPool2d final : AdaptivePoolLayer<2> {
  void describe(Schema& s) override {
    s.summary("the largest of as many windows of an image as are wanted, whatever its size");
    s.also_known_as({"AdaptiveMaxPool2d", "AdaptiveMaxPooling2D"});
    describe_adaptive(s);
    s.example("adaptive_max_pool2d: 2");
    s.example("adaptive_max_pool2d: [1, 3]");
  }

  Value pool(Value x, int axis, int64_t n) const override { return adaptive_max(x, axis, n); }
  void twins(Twins& t) const override { adaptive_twin(t, "Max"); }
};
DL_LAYER(AdaptiveMaxPool2d, "adaptive_max_pool2d");

}  // namespace
}  // namespace dl
