// Global max pooling: the largest value of each channel over the image
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct GlobalMaxPool2d final : GlobalPoolLayer<2> {
  void describe(Schema& s) override {
    s.summary("largest value of each channel over an image [height, width, channels]; gives [channels]");
    s.also_known_as({"GlobalMaxPooling2D", "global_max_pooling2d"});
    describe_global(s);
    s.example("global_max_pool2d");
    s.example("global_max_pool2d: {keepdim: true}");
  }

  Value pool(Value x, const std::vector<int>& places, Value, Value) const override { return max(x, places); }
  void twins(Twins& t) const override { global_twin(t, "amax", "Max"); }
};
DL_LAYER(GlobalMaxPool2d, "global_max_pool2d");

}  // namespace
}  // namespace dl
