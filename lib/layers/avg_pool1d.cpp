// Average pooling: y is the mean of each window, channel by channel; of the padding as count_include_pad says
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct AvgPool1d final : AvgPoolLayer<1> {
  void describe(Schema& s) override {
    s.summary("mean over windows of a sequence [length, channels]");
    s.also_known_as({"AveragePooling1D", "AvgPool1d", "average_pooling1d"});
    describe_avg(s);
    s.example("avg_pool1d: 2");
    s.example("avg_pool1d: {kernel_size: 3, stride: 2, padding: 1}");
  }
};
DL_LAYER(AvgPool1d, "avg_pool1d");

}  // namespace
}  // namespace dl
