// One-dimensional convolution: y[o] = b[o] + sum over c of W[o, c] * x[c], where * slides the kernel without flipping
// it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct Conv1d final : ConvLayer<1> {
  void describe(Schema& s) override {
    s.summary("one-dimensional convolution of a sequence [length, channels]");
    s.also_known_as({"Conv1D", "Conv1d", "conv_1d", "Convolution1D", "temporal_convolution"});
    describe_conv(s);
    s.example("conv1d: {out_channels: 16, kernel_size: 3, padding: same}");
    s.example("conv1d: {out_channels: 4, kernel_size: 3, stride: 2, groups: 2}");
  }
};
DL_LAYER(Conv1d, "conv1d");

}  // namespace
}  // namespace dl
