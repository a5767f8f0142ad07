// Space to depth: y[h, w, (i r + j) channels + c] = x[h r + i, w r + j, c], as TensorFlow has it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct SpaceToDepth final : Layer {
  int64_t block_size = 2;

  void describe(Schema& s) override {
    s.summary("makes r^2 times as many channels of an image, the channels of a place together");
    s.also_known_as({"SpaceToDepth"});
    s.required("block_size", block_size, "r").at_least(1).positional();
    s.example("space_to_depth: 5");
  }

  Value build(Builder&, Value x) const override {
    expect_image(x);
    const Shape& s = x.shape();
    const int64_t r = block_size, h = s[1] / r, w = s[2] / r;
    if (h * r != s[1] || w * r != s[2])
      throw ShapeError(concat("expected height and width that ", r, " divides, got ", s.without_batch().text()),
                       "crop or pad the image before it");
    return dl::reshape(dl::transpose(dl::reshape(x, {s[0], h, r, w, r, s[3]}), {0, 1, 3, 2, 4, 5}), {s[0], h, w, -1});
  }
};
DL_LAYER(SpaceToDepth, "space_to_depth");

}  // namespace
}  // namespace dl
