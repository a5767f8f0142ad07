// Pixel unshuffle, the reverse of pixel_shuffle (Shi et al. 2016, arXiv:1609.05158): y[h, w, c r^2 + i r + j] = x[h r +
// i, w r + j, c]
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct PixelUnshuffle final : Layer {
  int64_t downscale_factor = 2;

  void describe(Schema& s) override {
    s.summary("makes r^2 times as many channels of an image, r times as small");
    s.also_known_as({"PixelUnshuffle"});
    s.required("downscale_factor", downscale_factor, "r").at_least(1).positional();
    s.example("pixel_unshuffle: 5");
  }

  Value build(Builder&, Value x) const override {
    expect_image(x);
    const Shape& s = x.shape();
    const int64_t r = downscale_factor, h = s[1] / r, w = s[2] / r;
    if (h * r != s[1] || w * r != s[2])
      throw ShapeError(concat("expected height and width that ", r, " divides, got ", s.without_batch().text()),
                       "crop or pad the image before it");
    const Value parts = dl::transpose(dl::reshape(x, {s[0], h, r, w, r, s[3]}), {0, 1, 3, 5, 2, 4});
    return dl::reshape(parts, {s[0], h, w, -1});
  }
};
DL_LAYER(PixelUnshuffle, "pixel_unshuffle");

}  // namespace
}  // namespace dl
