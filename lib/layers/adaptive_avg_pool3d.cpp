// Adaptive average pooling (He et al. 2014, arXiv:1406.4729): means over as many windows as are wanted
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct AdaptiveAvgPool3d final : AdaptivePoolLayer<3> {
  void describe(Schema& s) override {
    s.summary("means over as many windows of a volume as are wanted, whatever its size");
    s.also_known_as({"AdaptiveAvgPool3d", "AdaptiveAveragePooling3D"});
    describe_adaptive(s);
    s.example("adaptive_avg_pool3d: 2");
  }

  Value pool(Value x, int axis, int64_t n) const override { return adaptive_mean(x, axis, n); }
  void twins(Twins& t) const override { adaptive_twin(t, "Avg"); }
};
DL_LAYER(AdaptiveAvgPool3d, "adaptive_avg_pool3d");

}  // namespace
}  // namespace dl
