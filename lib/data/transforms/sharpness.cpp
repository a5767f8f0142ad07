// sharpness: y = factor x + (1 - factor) blurred x, by the 3 x 3 mean that has the middle five times: torchvision's
// RandomAdjustSharpness.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/blur.h"
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Sharpness final : Transform {
  double factor = 2, p = 0.5;
  void describe(Schema& s) override {
    s.summary("the image sharper, or softer, at random");
    s.details(
        "In training; with p: 1 it is no augmentation but what the images are, and is done outside training too.");
    s.optional("factor", factor, "0 softens, 1 changes nothing, 2 sharpens")
        .at_least(0)
        .positional()
        .known_as({"sharpness_factor"});
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"random_adjust_sharpness", "adjust_sharpness", "sharpen"});
    s.example("sharpness: 2");
    s.example("sharpness: {factor: 0.5, p: 0.2}");
  }
  TransformStep bind(std::span<const SampleField> fields) const override {
    const auto apply = [factor = static_cast<float>(factor)](const std::byte* in, DType dtype, const ImageType& type,
                                                             const Drawn&,
                                                             std::byte* out) { sharpen(in, dtype, type, factor, out); };
    return by_chance({.fields = {colour_field(fields, place, apply)}}, p, p == 1);
  }
};
DL_TRANSFORM(Sharpness, "sharpness");

}  // namespace
}  // namespace dl
