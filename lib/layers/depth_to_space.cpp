// Depth to space, the reverse of space_to_depth: y[h r + i, w r + j, c] = x[h, w, (i r + j) channels + c], as
// TensorFlow has it
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/sizes.h"
#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct DepthToSpace final : Layer {
  int64_t block_size = 2;

  void describe(Schema& s) override {
    s.summary("makes an image r times as large of r^2 times as many channels, the channels of a place together");
    s.also_known_as({"DepthToSpace"});
    s.required("block_size", block_size, "r").at_least(1).positional();
    s.example("depth_to_space: 1");
  }

  Value build(Builder&, Value x) const override {
    expect_image(x);
    const Shape& s = x.shape();
    const int64_t r = block_size, channels = s[3] / times(r, r);
    if (times(times(r, r), channels) != s[3] || channels == 0)
      throw ShapeError(concat("expected channels that ", times(r, r), " divides, got ", s[3]),
                       "make block_size squared times as many channels as are wanted");
    const Value parts = dl::transpose(dl::reshape(x, {s[0], s[1], s[2], r, r, channels}), {0, 1, 3, 2, 4, 5});
    return dl::reshape(parts, {s[0], times(s[1], r), times(s[2], r), channels});
  }
};
DL_LAYER(DepthToSpace, "depth_to_space");

}  // namespace
}  // namespace dl
