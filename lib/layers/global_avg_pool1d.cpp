// Global average pooling: the mean of each channel over the sequence (Lin et al. 2014, arXiv:1312.4400)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct GlobalAvgPool1d final : GlobalPoolLayer<1> {
  void describe(Schema& s) override {
    s.summary("mean of each channel over a sequence [length, channels]; gives [channels]");
    s.also_known_as({"GlobalAveragePooling1D", "global_average_pooling1d"});
    describe_global(s);
    s.example("global_avg_pool1d");
    s.example("global_avg_pool1d: {keepdim: true}");
  }

  Value pool(Value x, const std::vector<int>& places, Value inside, Value count) const override {
    return inside ? sum(where(inside, x, 0), places) / count : mean(x, places);
  }
  void twins(Twins& t) const override { global_twin(t, "mean", "Avg"); }
};
DL_LAYER(GlobalAvgPool1d, "global_avg_pool1d");

}  // namespace
}  // namespace dl
