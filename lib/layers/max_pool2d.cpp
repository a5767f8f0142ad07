// Max pooling: the maximum of each window, channel by channel
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"
#include "lib/nn/padding.h"

namespace dl {
namespace {

struct MaxPool2d final : Layer {
  Pair kernel_size, padding = 0;
  std::optional<Pair> stride;

  void describe(Schema& s) override {
    s.summary("maximum over windows of an image [height, width, channels]");
    s.also_known_as({"MaxPooling2D", "maxpool", "max_pool", "MaxPool2d", "max_pooling2d"});
    s.required("kernel_size", kernel_size, "height and width of the window")
        .at_least(1)
        .at_most(most_window)
        .positional()
        .known_as({"pool_size", "size"});
    s.optional("stride", stride, "how far the window moves; its own size where not given")
        .at_least(1)
        .at_most(most_window)
        .known_as({"strides"});
    s.optional("padding", padding, "places around the image, which never win").at_least(0);
    s.example("max_pool2d: 2");
    s.example("max_pool2d: {kernel_size: 3, stride: 2, padding: 1}");
    s.check([this](const Report& report) {
      if (2 * padding.h > kernel_size.h || 2 * padding.w > kernel_size.w) {
        report.at("padding", "expected at most half of kernel_size", "lower padding, or raise kernel_size");
      }
    });
  }

  Value build(Builder&, Value x) const override {
    expect_image(x);
    return max_pool2d(x, make_window(kernel_size, stride.value_or(kernel_size), {.size = padding}));
  }
};
DL_LAYER(MaxPool2d, "max_pool2d");

}  // namespace
}  // namespace dl
