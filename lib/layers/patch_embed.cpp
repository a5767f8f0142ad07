// Patches of an image as a sequence (Dosovitskiy et al. 2020, arXiv:2010.11929): each square of pixels mapped to
// features, row by row
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/image.h"
#include "lib/nn/layer.h"
#include "lib/spec/units.h"

namespace dl {
namespace {

struct PatchEmbed final : Layer {
  Pair patch_size = 16;
  int64_t embed_dim = 0;
  bool bias = true;
  std::shared_ptr<const Initializer> init;

  void describe(Schema& s) override {
    s.summary("makes a sequence [patches, features] of an image, a linear map of each square of pixels");
    s.details("Parameters: proj.weight [embed_dim, channels, patch height, patch width], proj.bias [embed_dim].");
    s.also_known_as({"PatchEmbed", "PatchEmbedding", "patch_embedding"});
    s.required("embed_dim", embed_dim, "features of a patch").at_least(1).known_as({"dim", "hidden_dim", "features"});
    s.required("patch_size", patch_size, "height and width of a patch").at_least(1).at_most(1 << 20);
    s.optional("bias", bias, "whether a bias is added");
    s.optional("init", init, "initializer of the weight");
    s.example("patch_embed: {patch_size: 5, embed_dim: 4}");
  }

  Value build(Builder& b, Value x) const override {
    expect_image(x);
    const Shape& s = x.shape();
    const int64_t h = patch_size.h, w = patch_size.w;
    if (s[1] % h != 0 || s[2] % w != 0)
      throw ShapeError(
          concat("expected height and width that patches of ", h, "x", w, " fill, got ", s.without_batch().text()),
          "resize or pad the images, or set patch_size to divisors");
    const auto pytorch = uniform_initializer(1.0 / std::sqrt(static_cast<double>(h * w * s[3])));
    const Value weight = b.parameter("proj.weight", {embed_dim, s[3], h, w}, init ? init : pytorch);
    const Value y = convolution(x, weight, {.size = {h, w, 1}, .stride = {h, w, 1}});
    return reshape(bias ? y + b.parameter("proj.bias", {embed_dim}, pytorch) : y, {s[0], -1, embed_dim});
  }
};
DL_LAYER(PatchEmbed, "patch_embed");

}  // namespace
}  // namespace dl
