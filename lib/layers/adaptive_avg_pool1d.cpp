// Adaptive average pooling (He et al. 2014, arXiv:1406.4729): means over as many windows as are wanted
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct AdaptiveAvgPool1d final : AdaptivePoolLayer<1> {
  void describe(Schema& s) override {
    s.summary("means over as many windows of a sequence as are wanted, whatever its size");
    s.also_known_as({"AdaptiveAvgPool1d", "AdaptiveAveragePooling1D"});
    describe_adaptive(s);
    s.example("adaptive_avg_pool1d: 2");
  }

  Value pool(Value x, int axis, int64_t n) const override { return adaptive_mean(x, axis, n); }
  void twins(Twins& t) const override { adaptive_twin(t, "Avg"); }
};
DL_LAYER(AdaptiveAvgPool1d, "adaptive_avg_pool1d");

}  // namespace
}  // namespace dl
