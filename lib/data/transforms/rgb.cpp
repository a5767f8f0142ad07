// rgb: a grey image in three channels, as networks that were trained on colours read it: torchvision's RGB.
// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/image/image_type.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

struct Rgb final : Transform {
  void describe(Schema& s) override {
    s.summary("a grey image three times, as its colours; one that has three channels stays as it is");
    s.also_known_as({"RGB", "to_rgb", "grayscale_to_rgb", "gray_to_rgb"});
    s.example("rgb");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const size_t x = input_field(fields);
    const Type& type = fields[x].type;
    const ImageType image = image_type(type, place);
    if (image.c == 3) return {};
    if (image.c != 1)
      throw Error(Exit::usage,
                  Problem{.where = place,
                          .what = concat("expected images of one channel or of three, got ", type.shape.text()),
                          .help = "leave 'rgb' out"});
    const auto width = static_cast<size_t>(bytes_of(type.dtype));
    return {.fields = {{x, Type{type.dtype, {image.h, image.w, 3}},
                        [width, places = static_cast<size_t>(image.h * image.w)](const std::byte* in, std::byte* out,
                                                                                 const Drawn&) {
                          for (size_t i = 0; i < 3 * places; ++i)
                            std::memcpy(out + i * width, in + i / 3 * width, width);
                        }}}};
  }
};
DL_TRANSFORM(Rgb, "rgb");

}  // namespace
}  // namespace dl
