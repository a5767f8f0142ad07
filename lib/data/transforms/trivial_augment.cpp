// trivial_augment: one operation of AutoAugment's of a random magnitude (Mueller and Hutter 2021, arXiv:2103.10158):
// torchvision's TrivialAugmentWide.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/augment.h"

namespace dl {
namespace {

struct TrivialAugment final : Transform {
  int64_t num_magnitude_bins = 31;
  WarpKeys keys;
  void describe(Schema& s) override {
    s.summary("one change of the image, chosen at random, of a random magnitude, in training only");
    s.details(
        "Of: none, shear, translate, rotate, brightness, color, contrast, sharpness, posterize, solarize, "
        "autocontrast, "
        "equalize. Images of bytes.");
    s.optional("num_magnitude_bins", num_magnitude_bins, "into which the magnitudes are cut").at_least(2).positional();
    keys.describe(s);
    s.also_known_as({"TrivialAugmentWide", "trivial_augment_wide", "trivialaugment"});
    s.example("trivial_augment");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const AugmentReach reach{
        .shear = 0.99, .translate_x = 32, .translate_y = 32, .rotate = 135, .colour = 0.99, .bits_less = 6};
    return augment_step(fields, place, keys,
                        [=, bins = num_magnitude_bins](SampleRandom& random, std::vector<Augmentation>& list) {
                          const auto kind = static_cast<AugmentKind>(random.below(14));  // all but invert
                          list.push_back(augmentation(kind, random.below(bins), bins, reach, random));
                        });
  }
};
DL_TRANSFORM(TrivialAugment, "trivial_augment");

}  // namespace
}  // namespace dl
