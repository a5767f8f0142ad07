// DropBlock (Ghiasi et al. 2018, arXiv:1810.12890): while training squares of each channel are 0, a share p of it, and
// the rest is scaled by all over what is left; as torchvision has it
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct DropBlock final : Layer {
  double p = 0.1;
  int64_t block_size = 7;

  void describe(Schema& s) override {
    s.summary("sets squares of the channels of an image to 0 at random while training");
    s.also_known_as({"DropBlock2d", "DropBlock"});
    s.required("p", p, "share of a channel to become 0").at_least(0).below(1);
    s.required("block_size", block_size, "height and width of a square").at_least(1).at_most(1 << 20);
    s.example("drop_block: {p: 0.1, block_size: 2}");
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const Shape& s = x.shape();
    const int64_t size = std::min({block_size, s[1], s[2]}), rows = s[1] - size + 1, columns = s[2] - size + 1;
    if (!b.training() || p == 0) return x;
    const double gamma = p * static_cast<double>(s[1] * s[2]) / static_cast<double>(size * size * rows * columns);
    // Each corner that is drawn covers the square behind it.
    const Value corners = where(b.random({s[0], rows, columns, s[3]}) < gamma, 1, 0);
    const Window window{
        .size = {size, size, 1}, .pad_before = {size - 1, size - 1, 0}, .pad_after = {size - 1, size - 1, 0}};
    const Value kept = 1 - max_pool(corners, window);
    return x * kept * (static_cast<double>(s.elements()) / (sum(kept) + 1e-6));
  }
};
DL_LAYER(DropBlock, "drop_block");

}  // namespace
}  // namespace dl
