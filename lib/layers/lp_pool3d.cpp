// Power-average pooling (Gulcehre et al. 2013, arXiv:1311.1780): y = (sum of x^p over each window)^(1 / p), channel by
// channel
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct LpPool3d final : LpPoolLayer<3> {
  void describe(Schema& s) override {
    s.summary("power average over windows of a volume [depth, height, width, channels]");
    s.also_known_as({"LPPool3d"});
    describe_lp(s);
    s.example("lp_pool3d: 2");
    s.example("lp_pool3d: {kernel_size: 2, stride: 1, norm_type: 1}");
  }
};
DL_LAYER(LpPool3d, "lp_pool3d");

}  // namespace
}  // namespace dl
