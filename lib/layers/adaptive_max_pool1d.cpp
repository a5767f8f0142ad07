// Adaptive max pooling (He et al. 2014, arXiv:1406.4729): the largest of as many windows as are wanted
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct AdaptiveMaxPool1d final : AdaptivePoolLayer<1> {
  void describe(Schema& s) override {
    s.summary("the largest of as many windows of a sequence as are wanted, whatever its size");
    s.also_known_as({"AdaptiveMaxPool1d", "AdaptiveMaxPooling1D"});
    describe_adaptive(s);
    s.example("adaptive_max_pool1d: 2");
  }

  Value pool(Value x, int axis, int64_t n) const override { return adaptive_max(x, axis, n); }
  void twins(Twins& t) const override { adaptive_twin(t, "Max"); }
};
DL_LAYER(AdaptiveMaxPool1d, "adaptive_max_pool1d");

}  // namespace
}  // namespace dl
