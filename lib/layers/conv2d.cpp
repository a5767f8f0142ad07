// Two-dimensional convolution: y[o] = b[o] + sum over c of W[o, c] * x[c], where * slides the kernel without flipping
// it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct Conv2d final : ConvLayer<2> {
  void describe(Schema& s) override {
    s.summary("two-dimensional convolution of an image [height, width, channels]");
    s.also_known_as({"Conv2D", "conv", "convolution", "Conv2d", "conv_2d"});
    describe_conv(s);
    s.example("conv2d: {out_channels: 32, kernel_size: 3, padding: same}");
  }
};
DL_LAYER(Conv2d, "conv2d");

}  // namespace
}  // namespace dl
