// perspective: the image's corners moved towards its middle at random: torchvision's RandomPerspective.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Perspective final : Transform {
  double distortion_scale = 0.5, p = 0.5;
  WarpKeys keys{.interpolation = "bilinear"};
  void describe(Schema& s) override {
    s.summary("the image, and what lies on it, seen from the side, at random, in training only");
    s.optional("distortion_scale", distortion_scale, "how far corners move, 1 being to the middle")
        .at_least(0)
        .at_most(1)
        .positional();
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    keys.describe(s);
    s.also_known_as({"random_perspective", "RandomPerspective"});
    s.example("perspective: 0.3");
    s.example("perspective: {distortion_scale: 0.6, p: 1, interpolation: nearest}");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    return warp_step(fields, place, keys, p, [scale = distortion_scale](SampleRandom& random, const ImageType& image) {
      const auto right = static_cast<double>(image.w) - 1.5, bottom = static_cast<double>(image.h) - 1.5;
      const auto inwards = [&](int64_t size) {
        return static_cast<double>(random.below(static_cast<int64_t>(scale * static_cast<double>(size / 2)) + 1));
      };
      // Of places counted from the middle of the first pixel, as torchvision's count from its corner.
      const Corners corners{{{-0.5, -0.5}, {right, -0.5}, {right, bottom}, {-0.5, bottom}}};
      Corners to = corners;
      for (size_t i = 0; i < 4; ++i) {
        const double x = inwards(image.w), y = inwards(image.h);
        to[i] = {corners[i][0] + (i == 1 || i == 2 ? -x : x), corners[i][1] + (i >= 2 ? -y : y)};
      }
      return places_of(corners, to);
    });
  }
};
DL_TRANSFORM(Perspective, "perspective");

}  // namespace
}  // namespace dl
