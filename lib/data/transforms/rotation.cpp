// rotation: the image turned around its middle, counter-clockwise, by an angle that is drawn: torchvision's
// RandomRotation.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Rotation final : Transform {
  OneOrMore<double> degrees;
  WarpKeys keys;
  double p = 1;
  void describe(Schema& s) override {
    s.summary("the image, and what lies on it, turned by a random angle, in training only");
    s.details("Its size stays: what leaves it is cut off.");
    s.required("degrees", degrees, "the largest angle to either side, or [least, most]").positional();
    keys.describe(s);
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"rotate", "random_rotation", "random_rotate"});
    s.example("rotation: 15");
    s.example("rotation: {degrees: [-10, 30], interpolation: bilinear}");
    s.instead_of("expand", "leave it out: images of a set have one size");
    s.check([this](const Report& report) {
      check_range(report, "degrees", degrees);
      const double most = degrees.values.empty() ? 0 : degrees.values.back();
      if (degrees.values.size() == 1 && most > 0 && most < 0.5)  // Keras writes a share of a whole turn
        report.at("degrees", concat("an angle of ", number_text(most), " degrees moves no pixel"),
                  concat("write 'rotation: ", number_text(360 * most), "' where ", number_text(most),
                         " of a whole turn are meant"));
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    return warp_step(fields, place, keys, p, [range = range_of(degrees)](SampleRandom& random, const ImageType& image) {
      return places_of(AffineMap{.angle = -range.draw(random)}, static_cast<double>(image.w) / 2,
                       static_cast<double>(image.h) / 2);
    });
  }
};
DL_TRANSFORM(Rotation, "rotation");

}  // namespace
}  // namespace dl
