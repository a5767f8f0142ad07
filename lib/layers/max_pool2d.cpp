// Max pooling: the maximum of each window, channel by channel
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct MaxPool2d final : MaxPoolLayer<2> {
  void describe(Schema& s) override {
    s.summary("maximum over windows of an image [height, width, channels]");
    s.also_known_as({"MaxPooling2D", "MaxPool2d", "max_pooling2d", "maxpool", "max_pool"});
    describe_max(s);
    s.example("max_pool2d: 2");
    s.example("max_pool2d: {kernel_size: 3, stride: 2, padding: 1}");
  }
};
DL_LAYER(MaxPool2d, "max_pool2d");

}  // namespace
}  // namespace dl
