// Three-dimensional transposed convolution (Zeiler et al. 2010): y[o] = b[o] + sum over c of what x[c] becomes when
// each of its numbers adds itself times W[c, o] to the places around its own, `stride` apart; the gradient of a
// convolution
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct ConvTranspose3d final : TransposedConvLayer<3> {
  void describe(Schema& s) override {
    s.summary(
        "three-dimensional transposed convolution of a volume [depth, height, width, channels], which makes it larger");
    s.also_known_as({"Conv3DTranspose", "ConvTranspose3d", "conv3d_transpose", "deconv3d", "deconvolution3d"});
    describe_conv(s);
    s.example("conv_transpose3d: {out_channels: 2, kernel_size: 2, stride: 2}");
  }
};
DL_LAYER(ConvTranspose3d, "conv_transpose3d");

}  // namespace
}  // namespace dl
