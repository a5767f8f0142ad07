// equalize: y = the share of pixels below x, for each channel, as Pillow counts it: torchvision's RandomEqualize.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Equalize final : Transform {
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("each channel's histogram made flat, at random");
    s.details(
        "Of images of bytes. In training; with p: 1 it is no augmentation but what the images are, and is done outside "
        "training too.");
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"}).positional();
    s.also_known_as({"random_equalize", "RandomEqualize", "histogram_equalization"});
    s.example("equalize: 0.5");
  }
  TransformStep bind(std::span<const SampleField> fields) const override {
    return colour_step(fields, place, ColourChange::equalize, 0, p);
  }
};
DL_TRANSFORM(Equalize, "equalize");

}  // namespace
}  // namespace dl
