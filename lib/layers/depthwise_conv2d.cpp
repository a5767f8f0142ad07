// Depthwise convolution: each channel by itself
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct DepthwiseConv2d final : DepthwiseConvLayer<2> {
  void describe(Schema& s) override {
    s.summary("convolution of each channel of an image [height, width, channels] by itself");
    s.details(
        "Parameters: weight [channels depth_multiplier, 1, kernel], bias [channels depth_multiplier], as of a conv "
        "whose groups are its channels.");
    s.also_known_as({"DepthwiseConv2D"});
    describe_depthwise(s);
    s.example("depthwise_conv2d: {kernel_size: 3, padding: same}");
    s.example("depthwise_conv2d: {kernel_size: 2, depth_multiplier: 2, bias: false}");
  }
  bool separable() const override { return false; }
};
DL_LAYER(DepthwiseConv2d, "depthwise_conv2d");

}  // namespace
}  // namespace dl
