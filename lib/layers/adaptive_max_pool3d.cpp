// Adaptive max pooling (He et al. 2014, arXiv:1406.4729): the largest of as many windows as are wanted
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct AdaptiveMaxPool3d final : AdaptivePoolLayer<3> {
  void describe(Schema& s) override {
    s.summary("the largest of as many windows of a volume as are wanted, whatever its size");
    s.also_known_as({"AdaptiveMaxPool3d", "AdaptiveMaxPooling3D"});
    describe_adaptive(s);
    s.example("adaptive_max_pool3d: 2");
  }

  Value pool(Value x, int axis, int64_t n) const override { return adaptive_max(x, axis, n); }
  void twins(Twins& t) const override { adaptive_twin(t, "Max"); }
};
DL_LAYER(AdaptiveMaxPool3d, "adaptive_max_pool3d");

}  // namespace
}  // namespace dl
