// Global max pooling: the largest value of each channel over the sequence (Collobert et al. 2011, "max over time")
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct GlobalMaxPool1d final : GlobalPoolLayer<1> {
  void describe(Schema& s) override {
    s.summary("largest value of each channel over a sequence [length, channels]; gives [channels]");
    s.also_known_as({"GlobalMaxPooling1D", "global_max_pooling1d", "max_over_time"});
    describe_global(s);
    s.example("global_max_pool1d");
    s.example("global_max_pool1d: {keepdim: true}");
  }

  Value pool(Value x, const std::vector<int>& places, Value inside, Value) const override {
    if (!inside) return max(x, places);
    return where(max(inside, places) > 0, max(where(inside, x, -3e38), places), 0);  // 0 of no position at all
  }
  void twins(Twins& t) const override { global_twin(t, "amax", "Max"); }
};
DL_LAYER(GlobalMaxPool1d, "global_max_pool1d");

}  // namespace
}  // namespace dl
