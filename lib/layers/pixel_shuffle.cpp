// Pixel shuffle (Shi et al. 2016, arXiv:1609.05158): y[h r + i, w r + j, c] = x[h, w, c r^2 + i r + j]
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/sizes.h"
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct PixelShuffle final : Layer {
  int64_t upscale_factor = 2;

  void describe(Schema& s) override {
    s.summary("makes an image r times as large of r^2 times as many channels");
    s.details(
        "TensorFlow's depth_to_space has the channels last in the order of x: y[h r + i, w r + j, c] = x[h, w, (i r + "
        "j) channels + c]; that is 'depth_to_space'.");
    s.also_known_as({"PixelShuffle"});
    s.required("upscale_factor", upscale_factor, "r").at_least(1).positional();
    s.example("pixel_shuffle: 1");
  }

  Value build(Builder&, Value x) const override {
    expect_image(x);
    const Shape& s = x.shape();
    const int64_t r = upscale_factor, channels = s[3] / times(r, r);
    if (times(times(r, r), channels) != s[3] || channels == 0)
      throw ShapeError(concat("expected channels that ", times(r, r), " divides, got ", s[3]),
                       "make upscale_factor squared times as many channels as are wanted");
    const Value parts = dl::transpose(dl::reshape(x, {s[0], s[1], s[2], channels, r, r}), {0, 1, 4, 2, 5, 3});
    return dl::reshape(parts, {s[0], times(s[1], r), times(s[2], r), channels});
  }
  void twins(Twins& t) const override { t.pytorch("nn.PixelShuffle({upscale_factor})").first(); }
};
DL_LAYER(PixelShuffle, "pixel_shuffle");

}  // namespace
}  // namespace dl
