// center_crop: the window in the middle of the image.
#include <cstring>

#include "lib/base/error.h"
#include "lib/data/image_type.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

struct CenterCrop final : Transform {
  Pair size;
  void describe(Schema& s) override {
    s.summary("the window in the middle of the image");
    s.required("size", size, "[height, width] of the window").at_least(1).positional();
    s.example("center_crop: 224");
  }

  TransformStep bind(const Type& input) const override {
    const auto [h, w, c] = image_type(input, place);
    if (size.h > h || size.w > w)
      throw Error(Exit::usage, Problem{.where = place,
                                       .what = concat("a window of ", size.h, " x ", size.w,
                                                      " does not fit into images of ", h, " x ", w),
                                       .help = "lower 'size', or write 'resize' before it"});
    const int64_t pixel = c * bytes_of(input.dtype), row = w * pixel;
    const int64_t begin = (h - size.h) / 2 * row + (w - size.w) / 2 * pixel;
    return {Type{input.dtype, {size.h, size.w, c}}, [=, rows = size.h, bytes = static_cast<size_t>(size.w * pixel)](
                                                        const std::byte* in, std::byte* out, SampleRandom*) {
              for (int64_t y = 0; y < rows; ++y, out += bytes) std::memcpy(out, in + begin + y * row, bytes);
            }};
  }
};
DL_TRANSFORM(CenterCrop, "center_crop");

}  // namespace
}  // namespace dl
