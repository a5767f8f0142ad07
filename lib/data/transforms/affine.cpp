// affine: the image turned, moved, stretched and sheared at random around its middle: torchvision's RandomAffine.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <optional>
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Affine final : Transform {
  OneOrMore<double> degrees, shear{{0}};
  std::vector<double> translate{0, 0}, scale{1, 1};
  WarpKeys keys;
  double p = 1;
  void describe(Schema& s) override {
    s.summary("the image, and what lies on it, turned, moved, stretched and sheared at random, in training only");
    s.required("degrees", degrees, "the largest angle to either side, or [least, most]").positional();
    s.optional("translate", translate,
               "[across, down]: the largest way to either side, a share of the width and height")
        .at_least(0)
        .at_most(1);
    s.optional("scale", scale, "[least, most] size, 1 being the image's").above(0);
    s.optional("shear", shear,
               "the largest angle across to either side, [least, most] of it, or [least, most, least, most] across and "
               "down");
    keys.describe(s);
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"random_affine", "RandomAffine", "shift_scale_rotate"});
    s.example("affine: 10");
    s.example("affine: {degrees: 0, translate: [0.1, 0.1], scale: [0.9, 1.1], shear: 5}");
    s.check([this](const Report& report) {
      check_range(report, "degrees", degrees);
      if (translate.size() != 2) report.at("translate", "expected [across, down]");
      if (scale.size() != 2 || scale[0] > scale[1]) report.at("scale", "expected [least, most]");
      if (shear.values.size() != 4) check_range(report, "shear", shear);
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const auto& s = shear.values;
    const Interval turn = range_of(degrees), stretch{scale[0], scale[1]};
    const Interval across = s.size() == 4 ? Interval{s[0], s[1]} : range_of(shear);
    const Interval down = s.size() == 4 ? Interval{s[2], s[3]} : Interval{};
    return warp_step(fields, place, keys, p,
                     [=, share = std::pair(translate[0], translate[1])](SampleRandom& random, const ImageType& image) {
                       const auto w = static_cast<double>(image.w), h = static_cast<double>(image.h);
                       const auto move = [&](double most) { return std::round(Interval{-most, most}.draw(random)); };
                       const AffineMap map{.angle = turn.draw(random),
                                           .scale = stretch.draw(random),
                                           .move_x = move(share.first * w),
                                           .move_y = move(share.second * h),
                                           .shear_x = across.draw(random),
                                           .shear_y = down.draw(random)};
                       return places_of(map, w / 2, h / 2);
                     });
  }
};
DL_TRANSFORM(Affine, "affine");

}  // namespace
}  // namespace dl
