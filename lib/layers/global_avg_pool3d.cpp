// Global average pooling: the mean of each channel over the volume (Lin et al. 2014, arXiv:1312.4400)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct GlobalAvgPool3d final : Layer {
  void describe(Schema& s) override {
    s.summary("mean of each channel over a volume [depth, height, width, channels]; gives [channels]");
    s.also_known_as({"GlobalAveragePooling3D", "global_average_pooling3d"});
    s.example("global_avg_pool3d");
  }

  Value build(Builder&, Value x) const override {
    expect_spatial(x, 3);
    return mean_of_channels(x);
  }
};
DL_LAYER(GlobalAvgPool3d, "global_avg_pool3d");

}  // namespace
}  // namespace dl
