// solarize: y = 255 - x where x >= threshold, x elsewhere: torchvision's RandomSolarize.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Solarize final : Transform {
  double threshold = 128;
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("the values from a threshold on inverted, at random");
    s.details(
        "In training; with p: 1 it is no augmentation but what the images are, and is done outside training too.");
    s.optional("threshold", threshold, "0 to 255, where images are numbers the share of 255")
        .at_least(0)
        .at_most(255)
        .positional();
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"random_solarize", "RandomSolarize"});
    s.example("solarize");
    s.example("solarize: {threshold: 192, p: 0.2}");
  }
  TransformStep bind(std::span<const SampleField> fields) const override {
    return colour_step(fields, place, ColourChange::solarize, static_cast<float>(threshold / 255), p);
  }
};
DL_TRANSFORM(Solarize, "solarize");

}  // namespace
}  // namespace dl
