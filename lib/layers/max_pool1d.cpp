// Max pooling: the maximum of each window, channel by channel
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct MaxPool1d final : MaxPoolLayer<1> {
  void describe(Schema& s) override {
    s.summary("maximum over windows of a sequence [length, channels]");
    s.also_known_as({"MaxPooling1D", "MaxPool1d", "max_pooling1d"});
    describe_max(s);
    s.example("max_pool1d: 2");
    s.example("max_pool1d: {kernel_size: 3, stride: 2, padding: 1}");
  }
};
DL_LAYER(MaxPool1d, "max_pool1d");

}  // namespace
}  // namespace dl
