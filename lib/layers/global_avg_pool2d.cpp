// Global average pooling: the mean of each channel over the image (Lin et al. 2014, arXiv:1312.4400)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct GlobalAvgPool2d final : GlobalPoolLayer<2> {
  void describe(Schema& s) override {
    s.summary("mean of each channel over an image [height, width, channels]; gives [channels]");
    s.also_known_as({"GlobalAveragePooling2D", "global_average_pooling2d", "gap"});
    describe_global(s);
    s.example("global_avg_pool2d");
    s.example("global_avg_pool2d: {keepdim: true}");
  }

  Value pool(Value x, const std::vector<int>& places, Value, Value) const override { return mean(x, places); }
  void twins(Twins& t) const override { global_twin(t, "mean", "Avg"); }
};
DL_LAYER(GlobalAvgPool2d, "global_avg_pool2d");

}  // namespace
}  // namespace dl
