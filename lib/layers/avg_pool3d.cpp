// Average pooling: y is the mean of each window, channel by channel; of the padding as count_include_pad says
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct AvgPool3d final : AvgPoolLayer<3> {
  void describe(Schema& s) override {
    s.summary("mean over windows of a volume [depth, height, width, channels]");
    s.also_known_as({"AveragePooling3D", "AvgPool3d", "average_pooling3d"});
    describe_avg(s);
    s.example("avg_pool3d: 2");
    s.example("avg_pool3d: {kernel_size: [1, 2, 2], stride: 1}");
  }
};
DL_LAYER(AvgPool3d, "avg_pool3d");

}  // namespace
}  // namespace dl
