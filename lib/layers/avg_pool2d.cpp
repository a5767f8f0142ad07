// Average pooling: y is the mean of each window, padding counted as 0. It is a convolution of each channel by itself.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"
#include "lib/nn/padding.h"

namespace dl {
namespace {

struct AvgPool2d final : Layer {
  Pair kernel_size, padding = 0;
  std::optional<Pair> stride;

  void describe(Schema& s) override {
    s.summary("mean over windows of an image [height, width, channels]");
    s.details("Zeros of the padding count, as in PyTorch with count_include_pad.");
    s.also_known_as({"AveragePooling2D", "avgpool", "avg_pool", "AvgPool2d", "average_pooling2d"});
    s.required("kernel_size", kernel_size, "height and width of the window")
        .at_least(1)
        .at_most(most_window)
        .positional()
        .known_as({"pool_size", "size"});
    s.optional("stride", stride, "how far the window moves; its own size where not given")
        .at_least(1)
        .at_most(most_window)
        .known_as({"strides"});
    s.optional("padding", padding, "zeros around the image").at_least(0);
    s.example("avg_pool2d: 2");
    s.example("avg_pool2d: {kernel_size: 3, stride: 2, padding: 1}");
    s.check([this](const Report& report) {
      if (2 * padding.h > kernel_size.h || 2 * padding.w > kernel_size.w) {
        report.at("padding", "expected at most half of kernel_size", "lower padding, or raise kernel_size");
      }
    });
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const int64_t channels = x.shape()[3], h = kernel_size.h, w = kernel_size.w;
    const Value share = constant(b.graph(), 1 / static_cast<double>(h * w));
    return conv2d(x, broadcast_to(share, {channels, 1, h, w}),
                  make_window(kernel_size, stride.value_or(kernel_size), {.size = padding}), channels);
  }
};
DL_LAYER(AvgPool2d, "avg_pool2d");

}  // namespace
}  // namespace dl
