// Fold (col2im): an image of the windows that unfold gives, each place the sum of what lies on it, as torch.nn.Fold has
// it
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/graph/ops/window.h"
#include "lib/nn/axes.h"
#include "lib/nn/unfolding.h"

namespace dl {
namespace {

struct Fold final : Layer {
  Pair output_size = 1, kernel_size = 3, stride = 1, dilation = 1, padding = 0;

  void describe(Schema& s) override {
    s.summary("an image of a sequence of windows [windows, channels places]: each place the sum of what lies on it");
    s.details("Of what 'unfold' with the same keys gives it is the image again where windows do not overlap.");
    s.also_known_as({"Fold", "col2im"});
    s.required("output_size", output_size, "height and width of the image").at_least(1).at_most(most_window);
    s.required("kernel_size", kernel_size, "height and width of the windows").at_least(1).at_most(1 << 8);
    s.optional("stride", stride, "how far the window moves").at_least(1).at_most(most_window).known_as({"strides"});
    s.optional("padding", padding, "places around the image that are left out").at_least(0).at_most(most_window);
    s.optional("dilation", dilation, "distance of the window's places").at_least(1).at_most(most_window);
    s.example("fold: {output_size: [2, 6], kernel_size: 2}");
  }

  Value build(Builder& b, Value x) const override {
    expect_rank(x, 3, "a sequence of windows [windows, channels places]");
    refuse_decoding(b, name);
    const int64_t places = times(kernel_size.h, kernel_size.w), features = x.shape()[2];
    if (features % places != 0)
      throw ShapeError(concat("expected features that a window's ", places, " places divide, got ", features),
                       "set kernel_size to that of the windows");
    const Shape image{output_size.h, output_size.w};
    const int64_t channels = features / places;
    const Shape whole{x.shape()[0], output_size.h, output_size.w, channels};
    const Window window = make_window<2>(kernel_size, stride, Padding<2>{.size = padding}, dilation, whole);
    const int64_t h = window.output(0, output_size.h), w = window.output(1, output_size.w);
    if (h < 1 || w < 1 || times(h, w) != x.shape()[1])
      throw ShapeError(
          concat("expected ", std::max<int64_t>(h, 0), " x ", std::max<int64_t>(w, 0), " windows, got ", x.shape()[1]),
          "set output_size, stride, padding and dilation to those of the windows");
    const Value y = reshape(x, {x.shape()[0], h, w, features});
    return transposed_convolution(y, unfolding_kernel(b.graph(), channels, kernel_size), window, image, channels);
  }
};
DL_LAYER(Fold, "fold");

}  // namespace
}  // namespace dl
