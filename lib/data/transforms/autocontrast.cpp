// autocontrast: y = (x - least) 255 / (most - least) for each channel: torchvision's RandomAutocontrast.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Autocontrast final : Transform {
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("each channel's values stretched to all there are, at random");
    s.details(
        "In training; with p: 1 it is no augmentation but what the images are, and is done outside training too.");
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"}).positional();
    s.also_known_as({"random_autocontrast", "RandomAutocontrast", "auto_contrast"});
    s.example("autocontrast: 0.5");
  }
  TransformStep bind(std::span<const SampleField> fields) const override {
    return colour_step(fields, place, ColourChange::autocontrast, 0, p);
  }
};
DL_TRANSFORM(Autocontrast, "autocontrast");

}  // namespace
}  // namespace dl
