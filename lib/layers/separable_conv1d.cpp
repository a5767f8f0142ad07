// Separable convolution (Chollet 2016, arXiv:1610.02357): each channel by itself, then each place by itself
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct SeparableConv1d final : DepthwiseConvLayer<1> {
  void describe(Schema& s) override {
    s.summary("convolution of each channel of a sequence [length, channels] by itself, then of each place by itself");
    s.details(
        "Parameters: depthwise.weight [channels depth_multiplier, 1, kernel], pointwise.weight [out_channels, channels "
        "depth_multiplier, 1], pointwise.bias [out_channels].");
    s.also_known_as({"SeparableConv1D"});
    describe_depthwise(s);
    s.example("separable_conv1d: {out_channels: 3, kernel_size: 3, padding: same}");
    s.example("separable_conv1d: {out_channels: 3, kernel_size: 2, depth_multiplier: 2, bias: false}");
  }
  bool separable() const override { return true; }
};
DL_LAYER(SeparableConv1d, "separable_conv1d");

}  // namespace
}  // namespace dl
