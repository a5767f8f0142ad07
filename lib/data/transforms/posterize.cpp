// posterize: the first bits of each byte, the others 0: torchvision's RandomPosterize.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Posterize final : Transform {
  int64_t bits = 4;
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("each channel's values cut to a few bits, at random");
    s.details(
        "Of images of bytes. In training; with p: 1 it is no augmentation but what the images are, and is done outside "
        "training too.");
    s.optional("bits", bits, "that are kept").at_least(0).at_most(8).positional();
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"random_posterize", "RandomPosterize"});
    s.example("posterize: 4");
    s.example("posterize: {bits: 3, p: 0.2}");
  }
  TransformStep bind(std::span<const SampleField> fields) const override {
    return colour_step(fields, place, ColourChange::posterize, static_cast<float>(bits), p);
  }
};
DL_TRANSFORM(Posterize, "posterize");

}  // namespace
}  // namespace dl
