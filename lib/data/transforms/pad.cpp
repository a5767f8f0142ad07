// pad: rows and columns added around the image: torchvision's Pad.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "lib/base/error.h"
#include "lib/data/boxes.h"
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Pad final : Transform {
  OneOrMore<double> padding;
  OneOrMore<double> fill{{0}};
  std::string padding_mode = "constant";
  void describe(Schema& s) override {
    s.summary("rows and columns added around the image, and around what lies on it");
    s.required("padding", padding, "a number for all sides, [across, down], or [left, above, right, below]")
        .at_least(0)
        .at_most(1 << 16)
        .positional();
    s.optional("fill", fill, "what they hold with mode constant, one for all channels or one for each; elsewhere 0");
    s.optional("padding_mode", padding_mode,
               "constant; edge: the last pixel; reflect: mirrored at the last pixel, which is not repeated; symmetric: "
               "with it repeated")
        .one_of({"constant", "edge", "reflect", "symmetric"})
        .known_as({"mode"});
    s.also_known_as({"Pad", "zero_pad2d"});
    s.example("pad: 2");
    s.example("pad: {padding: [1, 2, 3, 4], padding_mode: reflect}");
    s.check([this](const Report& report) {
      const auto& values = padding.values;
      if (values.size() != 1 && values.size() != 2 && values.size() != 4)
        report.at("padding", "expected a number, [across, down] or [left, above, right, below]");
      if (std::ranges::any_of(values, [](double v) { return v != static_cast<double>(static_cast<int64_t>(v)); }))
        report.at("padding", "expected whole numbers");
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const auto& p = padding.values;
    const auto side = [&](size_t i) { return static_cast<int64_t>(p[i % p.size()]); };
    const int64_t left = side(0), above = side(1), right = side(2), below = side(3);
    const ImageType image = image_type(fields[input_field(fields)].type, place);
    const int64_t most = std::max({left, right, above, below});
    if (const int64_t room = std::min(image.h, image.w) - (padding_mode == "reflect");
        (padding_mode == "reflect" || padding_mode == "symmetric") && most > room)
      throw Error(Exit::usage, Problem{.where = place,
                                       .what = concat("images of ", image.h, " x ", image.w, " have no ", most,
                                                      " rows and columns to mirror"),
                                       .help = "lower 'padding'"});
    TransformStep step;
    for (const size_t field : on_image(fields, place)) {
      const Type& type = fields[field].type;
      const auto [h, w, c] = image_of(type);
      const int64_t size = bytes_of(type.dtype), pixel = c * size;
      std::vector<std::byte> blank(static_cast<size_t>(pixel));  // what constant pads with
      if (const auto values = fill_of(fill, image, place); field == input_field(fields))
        for (int64_t k = 0; k < c; ++k) {
          const float value = values[values.size() == 1 ? 0 : static_cast<size_t>(k)];
          const auto byte = static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f));
          if (type.dtype == DType::u8)
            std::memcpy(&blank[static_cast<size_t>(k)], &byte, 1);
          else
            std::memcpy(&blank[static_cast<size_t>(k * size)], &value, sizeof value);
        }
      // Where each column and row of the result comes from; -1: nowhere.
      const auto columns = sources(w, left, right), rows = sources(h, above, below);
      step.fields.push_back({field, with_size(type, {std::ssize(rows), std::ssize(columns)}),
                             [=, w = w](const std::byte* in, std::byte* out, const Drawn&) {
                               const auto put = [&](int64_t y, int64_t x) {
                                 const std::byte* from = y < 0 || x < 0 ? blank.data() : in + (y * w + x) * pixel;
                                 std::memcpy(out, from, static_cast<size_t>(pixel));
                                 out += pixel;
                               };
                               for (const int64_t y : rows) {
                                 for (int64_t x = 0; x < left; ++x) put(y, columns[static_cast<size_t>(x)]);
                                 if (y < 0) {
                                   for (int64_t x = 0; x < w; ++x) put(-1, x);
                                 } else {
                                   std::memcpy(out, in + y * w * pixel, static_cast<size_t>(w * pixel));
                                   out += w * pixel;
                                 }
                                 for (int64_t x = 0; x < right; ++x) put(y, columns[static_cast<size_t>(left + w + x)]);
                               }
                             }});
    }
    move_boxes(step, fields, {above + image.h + below, left + image.w + right},
               [left, above](const Drawn&, std::span<Point> points) {
                 for (Point& point : points)
                   point = {point.x + static_cast<double>(left), point.y + static_cast<double>(above)};
               });
    return step;
  }

  std::vector<int64_t> sources(int64_t size, int64_t before, int64_t behind) const {
    std::vector<int64_t> from;
    for (int64_t i = -before; i < size + behind; ++i) {
      const bool inside = i >= 0 && i < size;
      const int64_t again = padding_mode == "symmetric" ? 1 : 0;
      from.push_back(inside                       ? i
                     : padding_mode == "constant" ? -1
                     : padding_mode == "edge"     ? std::clamp<int64_t>(i, 0, size - 1)
                     : i < 0                      ? -i - again
                                                  : 2 * size - 2 - i + again);
    }
    return from;
  }
};
DL_TRANSFORM(Pad, "pad");

}  // namespace
}  // namespace dl
