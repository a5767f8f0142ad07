// Two-dimensional convolution: y[o] = b[o] + sum over c of W[o, c] * x[c], where * slides the kernel without flipping
// it
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/image.h"
#include "lib/nn/layer.h"
#include "lib/nn/padding.h"

namespace dl {
namespace {

struct Conv2d final : Layer {
  int64_t out_channels = 0, groups = 1;
  Pair kernel_size, stride = 1, dilation = 1;
  Padding padding;
  bool bias = true;
  std::shared_ptr<const Initializer> init, bias_init;

  void describe(Schema& s) override {
    s.summary("two-dimensional convolution of an image [height, width, channels]");
    s.details(
        "Parameters: weight [out_channels, channels / groups, kernel height, kernel width], bias [out_channels]. "
        "Without "
        "initializers both are uniform in [-1/sqrt(n), 1/sqrt(n)) with n the number of inputs of a unit, as in "
        "PyTorch.");
    s.also_known_as({"Conv2D", "conv", "convolution", "Conv2d", "conv_2d"});
    s.required("out_channels", out_channels, "number of filters")
        .at_least(1)
        .known_as({"filters", "features", "num_output"});
    s.required("kernel_size", kernel_size, "height and width of the kernel")
        .at_least(1)
        .at_most(most_window)
        .known_as({"size", "kernel"});
    s.optional("stride", stride, "how far the kernel moves").at_least(1).at_most(most_window).known_as({"strides"});
    s.optional("padding", padding, "zeros around the image").at_most(most_window).known_as({"pad"});
    s.optional("dilation", dilation, "distance of the kernel's elements")
        .at_least(1)
        .at_most(most_window)
        .known_as({"dilation_rate"});
    s.optional("groups", groups, "parts into which channels are split, each with filters of its own").at_least(1);
    s.optional("bias", bias, "whether a bias is added").known_as({"use_bias"});
    s.optional("init", init, "initializer of the weight").known_as({"kernel_initializer", "weight_init"});
    s.optional("bias_init", bias_init, "initializer of the bias").known_as({"bias_initializer"});
    s.instead_of("in_channels", "leave it out: input sizes are inferred");
    s.instead_of("activation", "write the activation as a layer of its own behind it: '- relu'");
    s.example("conv2d: {out_channels: 32, kernel_size: 3, padding: same}");
    s.check([this](const Report& report) {
      if (padding.same && stride != Pair(1))
        report.at("padding", "'same' needs stride 1", "give the number of zeros: padding: 1");
      if (out_channels % groups != 0) {
        report.at("out_channels", concat("expected a multiple of groups (", groups, "), got ", out_channels));
      }
    });
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const int64_t channels = x.shape()[3];
    if (channels % groups != 0)
      throw ShapeError(concat("expected channels that ", groups, " groups divide, got ", channels));
    const Shape weight{out_channels, channels / groups, kernel_size.h, kernel_size.w};
    const auto pytorch = uniform_initializer(1.0 / std::sqrt(fans_of(weight).in));
    Value y = conv2d(x, b.parameter("weight", weight, init ? init : pytorch),
                     make_window(kernel_size, stride, padding, dilation), groups);
    if (bias) y = y + b.parameter("bias", {out_channels}, bias_init ? bias_init : pytorch);
    return y;
  }
};
DL_LAYER(Conv2d, "conv2d");

}  // namespace
}  // namespace dl
