// Depthwise convolution: each channel by itself
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct DepthwiseConv1d final : DepthwiseConvLayer<1> {
  void describe(Schema& s) override {
    s.summary("convolution of each channel of a sequence [length, channels] by itself");
    s.details(
        "Parameters: weight [channels depth_multiplier, 1, kernel], bias [channels depth_multiplier], as of a conv "
        "whose groups are its channels.");
    s.also_known_as({"DepthwiseConv1D"});
    describe_depthwise(s);
    s.example("depthwise_conv1d: {kernel_size: 3, padding: same}");
    s.example("depthwise_conv1d: {kernel_size: 2, depth_multiplier: 2, bias: false}");
  }
  bool separable() const override { return false; }
};
DL_LAYER(DepthwiseConv1d, "depthwise_conv1d");

}  // namespace
}  // namespace dl
