// grayscale: y = .2989 R + .587 G + .114 B in all three channels: torchvision's RandomGrayscale.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Grayscale final : Transform {
  double p = 0.1;
  void describe(Schema& s) override {
    s.summary("the image without its colours, in all three channels, at random");
    s.details(
        "In training; with p: 1 it is no augmentation but what the images are, and is done outside training too. Write "
        "'channels: 1' beside the images' 'path' for images of one channel.");
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"}).positional();
    s.also_known_as({"random_grayscale", "RandomGrayscale", "greyscale", "to_gray"});
    s.example("grayscale: 0.1");
  }
  TransformStep bind(std::span<const SampleField> fields) const override {
    return colour_step(fields, place, ColourChange::grayscale, 0, p);
  }
};
DL_TRANSFORM(Grayscale, "grayscale");

}  // namespace
}  // namespace dl
