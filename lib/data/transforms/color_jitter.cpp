// color_jitter: brightness, contrast, saturation and hue changed at random, in random order: torchvision's ColorJitter.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>

#include "lib/base/text.h"
#include "lib/data/image_steps.h"
#include "lib/data/nested.h"

namespace dl {
namespace {

struct ColorJitter final : Transform {
  std::optional<double> strength;
  OneOrMore<double> brightness, contrast, saturation, hue{{0}};
  double p = 1;
  void describe(Schema& s) override {
    s.summary("the image's brightness, contrast, saturation and hue changed at random, in training only");
    s.details(
        "A number x draws the factor from max(0, 1 - x) to 1 + x, that of hue from -x to x of the circle of colours; "
        "[least, most] draws between these. The four are done in an order that is drawn. Images of one channel have "
        "neither saturation nor hue.");
    s.optional("strength", strength, "of brightness, contrast and saturation, where they do not say otherwise")
        .at_least(0)
        .positional()
        .help("write '{brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1}' where they differ");
    s.optional("brightness", brightness, "a number, or [least, most] factor").at_least(0);
    s.optional("contrast", contrast, "a number, or [least, most] factor").at_least(0);
    s.optional("saturation", saturation, "a number, or [least, most] factor").at_least(0);
    s.optional("hue", hue, "a number, or [least, most] part of the circle").at_least(-0.5).at_most(0.5);
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"ColourJitter", "RandomBrightness", "RandomContrast", "RandomSaturation", "random_hue",
                     "brightness", "contrast", "saturation", "hue"});
    s.example("color_jitter: 0.4");
    s.example("color_jitter: {brightness: 0.2, contrast: [0.5, 1.2], hue: 0.1}");
    s.check([this](const Report& report) {
      for (const auto& [key, range] :
           {std::pair("brightness", &brightness), {"contrast", &contrast}, {"saturation", &saturation}, {"hue", &hue}})
        if (!range->values.empty()) check_range(report, key, *range);
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    struct One {
      ColourChange change;
      Interval range;
    };
    const auto factor = [&](const OneOrMore<double>& given) {
      return given.values.empty() ? range_of({{strength.value_or(0)}}, 1, 0) : range_of(given, 1, 0);
    };
    const std::array<One, 4> all{{{ColourChange::brightness, factor(brightness)},
                                  {ColourChange::contrast, factor(contrast)},
                                  {ColourChange::saturation, factor(saturation)},
                                  {ColourChange::hue, range_of(hue)}}};
    const auto apply = [all](const std::byte* in, DType dtype, const ImageType& type, const Drawn& drawn,
                             std::byte* out) {
      std::array<One, 4> list = all;
      auto random = random_by(drawn);
      for (size_t i = 3; i > 0; --i) std::swap(list[i], list[static_cast<size_t>(random->below(int64_t(i) + 1))]);
      size_t count = 0;
      for (const One& one : list) {
        const double none = one.change == ColourChange::hue ? 0 : 1;
        const double value = one.range.draw(*random);
        if (value != none && (type.c == 3 || !of_colours(one.change))) list[count++] = {one.change, {value, value}};
      }
      const auto bytes = static_cast<size_t>(type.h * type.w * type.c * bytes_of(dtype));
      one_after_another(count, bytes, in, out, [&](size_t i, const std::byte* from, std::byte* into) {
        change_colours(list[i].change, static_cast<float>(list[i].range.low), from, dtype, type, into);
      });
    };
    return by_chance({.fields = {colour_field(fields, place, apply)}, .draw = drawn_key}, p);
  }
};
DL_TRANSFORM(ColorJitter, "color_jitter");

}  // namespace
}  // namespace dl
