// invert: y = 255 - x of bytes, 1 - x of numbers: torchvision's RandomInvert.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Invert final : Transform {
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("the image's negative, at random");
    s.details(
        "In training; with p: 1 it is no augmentation but what the images are, and is done outside training too.");
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"}).positional();
    s.also_known_as({"random_invert", "RandomInvert", "negative"});
    s.example("invert: 0.2");
  }
  TransformStep bind(std::span<const SampleField> fields) const override {
    return colour_step(fields, place, ColourChange::invert, 0, p);
  }
};
DL_TRANSFORM(Invert, "invert");

}  // namespace
}  // namespace dl
