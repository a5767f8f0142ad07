// Global average pooling: the mean of each channel over the image (Lin et al. 2014, arXiv:1312.4400)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct GlobalAvgPool2d final : Layer {
  void describe(Schema& s) override {
    s.summary("mean of each channel over an image [height, width, channels]; gives [channels]");
    s.also_known_as({"GlobalAveragePooling2D", "global_average_pooling2d", "gap"});
    s.example("global_avg_pool2d");
  }

  Value build(Builder&, Value x) const override {
    expect_spatial(x, 2);
    return mean_of_channels(x);
  }
};
DL_LAYER(GlobalAvgPool2d, "global_avg_pool2d");

}  // namespace
}  // namespace dl
