// Power-average pooling (Gulcehre et al. 2013, arXiv:1311.1780): y = (sum of x^p over each window)^(1 / p), channel by
// channel
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

namespace dl {
namespace {

struct LpPool2d final : LpPoolLayer<2> {
  void describe(Schema& s) override {
    s.summary("power average over windows of an image [height, width, channels]");
    s.also_known_as({"LPPool2d"});
    describe_lp(s);
    s.example("lp_pool2d: 2");
    s.example("lp_pool2d: {kernel_size: 2, stride: 1, norm_type: 1}");
  }
};
DL_LAYER(LpPool2d, "lp_pool2d");

}  // namespace
}  // namespace dl
