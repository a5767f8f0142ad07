// Average pooling: y is the mean of each window, channel by channel; of the padding as count_include_pad says
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct AvgPool2d final : AvgPoolLayer<2> {
  void describe(Schema& s) override {
    s.summary("mean over windows of an image [height, width, channels]");
    s.also_known_as({"AveragePooling2D", "AvgPool2d", "average_pooling2d", "avgpool", "avg_pool"});
    describe_avg(s);
    s.example("avg_pool2d: 2");
    s.example("avg_pool2d: {kernel_size: 3, stride: 2, padding: 1}");
    s.example("avg_pool2d: {kernel_size: 3, stride: 2, padding: same}");
  }
};
DL_LAYER(AvgPool2d, "avg_pool2d");

}  // namespace
}  // namespace dl
