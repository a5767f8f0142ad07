// Unfold (im2col): the windows of an image as a sequence, y[window, c n + i width + j] = x[place + (i, j), c], n the
// places of a window, as torch.nn.Unfold has it, whose result is turned
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"
#include "lib/nn/unfolding.h"

namespace dl {
namespace {

struct Unfold final : Layer {
  Pair kernel_size = 3, stride = 1, dilation = 1;
  Padding<2> padding;

  void describe(Schema& s) override {
    s.summary("the windows of an image as a sequence [windows, channels places], the places of a channel together");
    s.details("PyTorch's is [channels places, windows]: put 'transpose' behind it for that.");
    s.also_known_as({"Unfold", "im2col", "extract_patches", "ExtractPatches"});
    s.required("kernel_size", kernel_size, "height and width of the windows").at_least(1).at_most(1 << 8).positional();
    s.optional("stride", stride, "how far the window moves").at_least(1).at_most(most_window).known_as({"strides"});
    s.optional("padding", padding, "zeros around the image").at_most(most_window);
    s.optional("dilation", dilation, "distance of the window's places").at_least(1).at_most(most_window);
    s.example("unfold: 2");
    s.example("unfold: {kernel_size: [2, 3], stride: 2, padding: 1}");
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const Window window = make_window<2>(kernel_size, stride, padding, dilation, x.shape());
    const int64_t channels = x.shape()[3];
    const Value y = convolution(x, unfolding_kernel(b.graph(), channels, kernel_size), window, channels);
    return reshape(y, {x.shape()[0], -1, y.shape()[3]});
  }
};
DL_LAYER(Unfold, "unfold");

}  // namespace
}  // namespace dl
