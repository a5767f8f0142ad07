// One-dimensional transposed convolution (Zeiler et al. 2010): y[o] = b[o] + sum over c of what x[c] becomes when each
// of its numbers adds itself times W[c, o] to the places around its own, `stride` apart; the gradient of a convolution
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

namespace dl {
namespace {

struct ConvTranspose1d final : TransposedConvLayer<1> {
  void describe(Schema& s) override {
    s.summary("one-dimensional transposed convolution of a sequence [length, channels], which makes it larger");
    s.also_known_as({"Conv1DTranspose", "ConvTranspose1d", "conv1d_transpose", "deconv1d", "deconvolution1d"});
    describe_conv(s);
    s.example("conv_transpose1d: {out_channels: 2, kernel_size: 4, stride: 2, padding: 1}");
  }
};
DL_LAYER(ConvTranspose1d, "conv_transpose1d");

}  // namespace
}  // namespace dl
