// Three-dimensional convolution: y[o] = b[o] + sum over c of W[o, c] * x[c], where * slides the kernel without flipping
// it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct Conv3d final : ConvLayer<3> {
  void describe(Schema& s) override {
    s.summary("three-dimensional convolution of a volume [depth, height, width, channels]");
    s.also_known_as({"Conv3D", "Conv3d", "conv_3d", "Convolution3D"});
    describe_conv(s);
    s.example("conv3d: {out_channels: 4, kernel_size: 3, padding: same}");
    s.example("conv3d: {out_channels: 4, kernel_size: [1, 3, 3], stride: [1, 2, 2], padding: [0, 1, 1]}");
  }
};
DL_LAYER(Conv3d, "conv3d");

}  // namespace
}  // namespace dl
