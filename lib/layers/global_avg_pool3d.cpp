// Global average pooling: the mean of each channel over the volume (Lin et al. 2014, arXiv:1312.4400)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct GlobalAvgPool3d final : GlobalPoolLayer<3> {
  void describe(Schema& s) override {
    s.summary("mean of each channel over a volume [depth, height, width, channels]; gives [channels]");
    s.also_known_as({"GlobalAveragePooling3D", "global_average_pooling3d"});
    describe_global(s);
    s.example("global_avg_pool3d");
    s.example("global_avg_pool3d: {keepdim: true}");
  }

  Value pool(Value x, const std::vector<int>& places, Value, Value) const override { return mean(x, places); }
  void twins(Twins& t) const override { global_twin(t, "mean", "Avg"); }
};
DL_LAYER(GlobalAvgPool3d, "global_avg_pool3d");

}  // namespace
}  // namespace dl
