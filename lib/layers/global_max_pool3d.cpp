// Global max pooling: the largest value of each channel over the volume
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct GlobalMaxPool3d final : GlobalPoolLayer<3> {
  void describe(Schema& s) override {
    s.summary("largest value of each channel over a volume [depth, height, width, channels]; gives [channels]");
    s.also_known_as({"GlobalMaxPooling3D", "global_max_pooling3d"});
    describe_global(s);
    s.example("global_max_pool3d");
    s.example("global_max_pool3d: {keepdim: true}");
  }

  Value pool(Value x, const std::vector<int>& places, Value, Value) const override { return max(x, places); }
  void twins(Twins& t) const override { global_twin(t, "amax", "Max"); }
};
DL_LAYER(GlobalMaxPool3d, "global_max_pool3d");

}  // namespace
}  // namespace dl
