// center_crop: the window in the middle of the image.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/data/image/image_type.h"
#include "lib/data/image/middle.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

struct CenterCrop final : Transform {
  Pair size;
  void describe(Schema& s) override {
    s.summary("the window in the middle of the image, and of what lies on it");
    s.required("size", size, "[height, width] of the window").at_least(1).at_most(1 << 16).positional();
    s.example("center_crop: 224");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const auto [h, w, c] = image_type(fields[input_field(fields)].type, place);
    if (size.h > h || size.w > w)
      throw Error(Exit::usage, Problem{.where = place,
                                       .what = concat("a window of ", size.h, " x ", size.w,
                                                      " does not fit into images of ", h, " x ", w),
                                       .help = "lower 'size', or write 'resize' before it"});
    const ImageWindow middle{half_of(h - size.h), half_of(w - size.w), size.h, size.w};
    return with_corners(window_step(fields, place, size, [middle](SampleRandom*) { return middle; }), {h, w, c}, size);
  }
};
DL_TRANSFORM(CenterCrop, "center_crop");

}  // namespace
}  // namespace dl
