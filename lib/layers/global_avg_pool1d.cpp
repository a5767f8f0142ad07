// Global average pooling: the mean of each channel over the sequence (Lin et al. 2014, arXiv:1312.4400)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct GlobalAvgPool1d final : Layer {
  void describe(Schema& s) override {
    s.summary("mean of each channel over a sequence [length, channels]; gives [channels]");
    s.also_known_as({"GlobalAveragePooling1D", "global_average_pooling1d"});
    s.example("global_avg_pool1d");
  }

  Value build(Builder& b, Value x) const override {
    expect_spatial(x, 1);
    if (b.decoding()) {
      throw ShapeError("global_avg_pool1d goes over all positions, so that none can be had by itself",
                       "leave it out, and train again");
    }
    return mean_of_channels(x);
  }
};
DL_LAYER(GlobalAvgPool1d, "global_avg_pool1d");

}  // namespace
}  // namespace dl
