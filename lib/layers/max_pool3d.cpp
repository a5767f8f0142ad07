// Max pooling: the maximum of each window, channel by channel
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct MaxPool3d final : MaxPoolLayer<3> {
  void describe(Schema& s) override {
    s.summary("maximum over windows of a volume [depth, height, width, channels]");
    s.also_known_as({"MaxPooling3D", "MaxPool3d", "max_pooling3d"});
    describe_max(s);
    s.example("max_pool3d: 2");
    s.example("max_pool3d: {kernel_size: [1, 2, 2], stride: 1}");
  }
};
DL_LAYER(MaxPool3d, "max_pool3d");

}  // namespace
}  // namespace dl
