// rand_augment: so many operations of AutoAugment's, chosen at random, of one magnitude (Cubuk et al. 2019,
// arXiv:1909.13719): torchvision's RandAugment.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/augment.h"

namespace dl {
namespace {

struct RandAugment final : Transform {
  int64_t num_ops = 2, magnitude = 9, num_magnitude_bins = 31;
  WarpKeys keys;
  void describe(Schema& s) override {
    s.summary("so many changes of the image, chosen at random, of one magnitude, in training only");
    s.details(
        "Of: none, shear, translate, rotate, brightness, color, contrast, sharpness, posterize, solarize, "
        "autocontrast, "
        "equalize. Images of bytes.");
    s.optional("num_ops", num_ops, "one after another").at_least(1).at_most(16).known_as({"n"});
    s.optional("magnitude", magnitude, "of them, below the number of bins").at_least(0).positional().known_as({"m"});
    s.optional("num_magnitude_bins", num_magnitude_bins, "into which the magnitudes are cut").at_least(2);
    keys.describe(s);
    s.also_known_as({"RandAugment", "randaugment"});
    s.example("rand_augment");
    s.example("rand_augment: {num_ops: 2, magnitude: 9}");
    s.check([this](const Report& report) {
      if (magnitude >= num_magnitude_bins)
        report.at("magnitude", concat("expected a number below the ", num_magnitude_bins, " bins, got ", magnitude));
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const AugmentReach reach = usual_reach(image_type(fields[input_field(fields)].type, place));
    return augment_step(fields, place, keys,
                        [=, n = num_ops, bin = magnitude, bins = num_magnitude_bins](SampleRandom& random,
                                                                                     std::vector<Augmentation>& list) {
                          for (int64_t i = 0; i < n; ++i) {
                            const auto kind = static_cast<AugmentKind>(random.below(14));  // all but invert
                            list.push_back(augmentation(kind, bin, bins, reach, random));
                          }
                        });
  }
};
DL_TRANSFORM(RandAugment, "rand_augment");

}  // namespace
}  // namespace dl
