// horizontal_flip: the image mirrored left to right with probability p; never outside training.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/boxes.h"
#include "lib/data/image_steps.h"

namespace dl {
namespace {

template <class T, int fixed>  // the number of channels where it is known to the compiler, else 0
void mirror_row(const std::byte* in, std::byte* out, int64_t w, int64_t any_channels) {
  const int64_t c = fixed ? fixed : any_channels;
  const T* from = reinterpret_cast<const T*>(in);
  T* into = reinterpret_cast<T*>(out) + w * c;
  for (int64_t x = 0; x < w; ++x, from += c) {
    into -= c;
    for (int64_t i = 0; i < c; ++i) into[i] = from[i];
  }
}

struct HorizontalFlip final : Transform {
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("the image, and what lies on it, mirrored left to right, at random, in training only");
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"}).positional();
    s.also_known_as({"random_horizontal_flip", "hflip", "flip", "random_flip", "RandomFlip"});
    s.example("horizontal_flip: 0.5");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    TransformStep step;
    for (const size_t field : on_image(fields, place)) step.fields.push_back(mirrored(field, fields[field].type));
    const auto [h, w, c] = image_type(fields[input_field(fields)].type, place);
    move_boxes(step, fields, {h, w}, [w = static_cast<double>(w)](const Drawn&, std::span<Point> points) {
      for (Point& p : points) p.x = w - p.x;
    });
    return by_chance(std::move(step), p);
  }

  static FieldStep mirrored(size_t field, const Type& type) {
    const auto [h, w, c] = image_of(type);
    const size_t row = static_cast<size_t>(w * c * bytes_of(type.dtype)), bytes = static_cast<size_t>(h) * row;
    const auto mirror = type.dtype != DType::u8 ? mirror_row<uint32_t, 0>
                        : c == 3                ? mirror_row<uint8_t, 3>
                                                : mirror_row<uint8_t, 0>;
    return {field, type, [=, w = w, c = c](const std::byte* in, std::byte* out, const Drawn&) {
              for (size_t at = 0; at < bytes; at += row) mirror(in + at, out + at, w, c);
            }};
  }
};
DL_TRANSFORM(HorizontalFlip, "horizontal_flip");

}  // namespace
}  // namespace dl
