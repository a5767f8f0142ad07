// vertical_flip: the image mirrored upside down with probability p; never outside training.
// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "lib/data/boxes.h"
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct VerticalFlip final : Transform {
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("the image, and what lies on it, mirrored upside down, at random, in training only");
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"}).positional();
    s.also_known_as({"random_vertical_flip", "vflip"});
    s.example("vertical_flip: 0.5");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    TransformStep step;
    for (const size_t field : on_image(fields, place)) {
      const Type& type = fields[field].type;
      const auto rows = static_cast<size_t>(type.shape[0]), row = static_cast<size_t>(type.bytes()) / rows;
      step.fields.push_back({field, type, [=](const std::byte* in, std::byte* out, const Drawn&) {
                               for (size_t y = 0; y < rows; ++y)
                                 std::memcpy(out + y * row, in + (rows - 1 - y) * row, row);
                             }});
    }
    const auto [h, w, c] = image_type(fields[input_field(fields)].type, place);
    move_boxes(step, fields, {h, w}, [h = static_cast<double>(h)](const Drawn&, std::span<Point> points) {
      for (Point& p : points) p.y = h - p.y;
    });
    return by_chance(std::move(step), p);
  }
};
DL_TRANSFORM(VerticalFlip, "vertical_flip");

}  // namespace
}  // namespace dl
