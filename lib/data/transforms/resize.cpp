// resize: the image brought to a size, bilinear and antialiased.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/image_type.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

struct Resize final : Transform {
  Pair size;
  void describe(Schema& s) override {
    s.summary("the image stretched to a size, bilinear and antialiased");
    s.details(
        "As torchvision's Resize with antialias=True of both sizes. A mask of classes takes the nearest place's.");
    s.required("size", size, "[height, width]").at_least(1).at_most(1 << 16).positional();
    s.example("resize: 64");
    s.example("resize: {size: [48, 64]}");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const ImageType from = image_type(fields[input_field(fields)].type, place);
    return window_step(fields, place, size, [image = whole_image({from.h, from.w})](SampleRandom*) { return image; });
  }
};
DL_TRANSFORM(Resize, "resize");

}  // namespace
}  // namespace dl
