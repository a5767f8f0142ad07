// Two-dimensional transposed convolution (Zeiler et al. 2010): y[o] = b[o] + sum over c of what x[c] becomes when each
// of its numbers adds itself times W[c, o] to the places around its own, `stride` apart; the gradient of a convolution
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct ConvTranspose2d final : TransposedConvLayer<2> {
  void describe(Schema& s) override {
    s.summary("two-dimensional transposed convolution of an image [height, width, channels], which makes it larger");
    s.also_known_as({"Conv2DTranspose", "ConvTranspose2d", "conv2d_transpose", "deconv2d", "deconvolution2d", "deconv",
                     "deconvolution"});
    describe_conv(s);
    s.example("conv_transpose2d: {out_channels: 2, kernel_size: 4, stride: 2, padding: 1}");
    s.example("conv_transpose2d: {out_channels: 2, kernel_size: 3, stride: 2, padding: 1, output_padding: 1}");
    s.example("conv_transpose2d: {out_channels: 2, kernel_size: 3, stride: 2, padding: same}");
  }
};
DL_LAYER(ConvTranspose2d, "conv_transpose2d");

}  // namespace
}  // namespace dl
