// random_crop: a window of the padded image at a random place; outside training the window in the middle.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <optional>

#include "lib/base/error.h"
#include "lib/data/boxes.h"
#include "lib/data/image/image_type.h"
#include "lib/data/image/middle.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

struct RandomCrop final : Transform {
  std::optional<Pair> size;
  Pair padding = 0;
  void describe(Schema& s) override {
    s.summary("a window at a random place of the image, and of what lies on it, padded with zeros");
    s.details("Outside training the window lies in the middle, so that with the image's own size it is the image.");
    s.optional("size", size, "[height, width] of the window; without it the image's own")
        .at_least(1)
        .at_most(1 << 16)
        .positional();
    s.optional("padding", padding, "zeros added above and below, left and right").at_least(0).at_most(1 << 16);
    s.example("random_crop: {padding: 4}");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const auto [h, w, c] = image_type(fields[input_field(fields)].type, place);
    const Pair window = size.value_or(Pair(h, w));
    const int64_t rows = h + 2 * padding.h - window.h, columns = w + 2 * padding.w - window.w;  // room to move in
    if (rows < 0 || columns < 0)
      throw Error(Exit::usage,
                  Problem{.where = place,
                          .what = concat("a window of ", window.h, " x ", window.w, " does not fit into images of ", h,
                                         " x ", w, " padded by ", padding.h, " and ", padding.w),
                          .help = "lower 'size' or raise 'padding'"});
    if (padding == Pair(0))
      return with_corners(window_step(fields, place, window,
                                      [=](SampleRandom* random) {
                                        const int64_t top = random ? random->below(rows + 1) : half_of(rows);
                                        const int64_t left = random ? random->below(columns + 1) : half_of(columns);
                                        return ImageWindow{top, left, window.h, window.w};
                                      }),
                          {h, w, c}, window);
    TransformStep step{.draw = [=, pad = padding](SampleRandom* random) {
      const int64_t top = random ? random->below(rows + 1) : half_of(rows);
      const int64_t left = random ? random->below(columns + 1) : half_of(columns);
      return Drawn{static_cast<double>(top - pad.h), static_cast<double>(left - pad.w)};
    }};
    for (const size_t field : on_image(fields, place)) step.fields.push_back(cut(field, fields[field].type, window));
    move_boxes(step, fields, window, [](const Drawn& drawn, std::span<Point> points) {
      for (Point& p : points) p = {p.x - drawn[1], p.y - drawn[0]};
    });
    return step;
  }

  static FieldStep cut(size_t field, const Type& type, Pair window) {
    const auto [h, w, c] = image_of(type);
    const int64_t pixel = c * bytes_of(type.dtype);
    return {field, with_size(type, window), [=, h = h, w = w](const std::byte* in, std::byte* out, const Drawn& drawn) {
              const auto top = static_cast<int64_t>(drawn[0]), left = static_cast<int64_t>(drawn[1]);
              const int64_t begin = std::clamp<int64_t>(-left, 0, window.w);  // columns of the window inside the image
              const int64_t end = std::clamp<int64_t>(w - left, begin, window.w);
              for (int64_t i = 0; i < window.h; ++i, out += window.w * pixel) {
                const int64_t y = top + i;
                if (y < 0 || y >= h) {
                  std::memset(out, 0, static_cast<size_t>(window.w * pixel));
                  continue;
                }
                std::memset(out, 0, static_cast<size_t>(begin * pixel));
                std::memcpy(out + begin * pixel, in + (y * w + left + begin) * pixel,
                            static_cast<size_t>((end - begin) * pixel));
                std::memset(out + end * pixel, 0, static_cast<size_t>((window.w - end) * pixel));
              }
            }};
  }
};
DL_TRANSFORM(RandomCrop, "random_crop");

}  // namespace
}  // namespace dl
