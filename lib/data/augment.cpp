// The operations of AutoAugment by the code of the single transforms.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "lib/base/error.h"
#include "lib/data/boxes.h"
#include "lib/data/image/blur.h"
#include "lib/data/nested.h"

namespace dl {
namespace {

bool has_sides(AugmentKind kind) {
  return moves_places(kind) || kind == AugmentKind::brightness || kind == AugmentKind::color ||
         kind == AugmentKind::contrast || kind == AugmentKind::sharpness;
}

Places places_for(const Augmentation& a, const ImageType& type) {
  const double degrees = std::atan(a.magnitude) * 180 / std::numbers::pi;
  const double pixels = std::trunc(a.magnitude);
  switch (a.kind) {
    case AugmentKind::shear_x: return places_of(AffineMap{.shear_x = degrees}, 0, 0);
    case AugmentKind::shear_y: return places_of(AffineMap{.shear_y = degrees}, 0, 0);
    case AugmentKind::translate_x: return places_of(AffineMap{.move_x = pixels}, 0, 0);
    case AugmentKind::translate_y: return places_of(AffineMap{.move_y = pixels}, 0, 0);
    default:
      return places_of(AffineMap{.angle = -a.magnitude}, static_cast<double>(type.w) / 2,
                       static_cast<double>(type.h) / 2);
  }
}

}  // namespace

bool moves_places(AugmentKind kind) {
  return kind == AugmentKind::shear_x || kind == AugmentKind::shear_y || kind == AugmentKind::translate_x ||
         kind == AugmentKind::translate_y || kind == AugmentKind::rotate;
}

AugmentReach usual_reach(const ImageType& image) {
  return {.translate_x = 150.0 / 331 * static_cast<double>(image.w),
          .translate_y = 150.0 / 331 * static_cast<double>(image.h)};
}

Augmentation augmentation(AugmentKind kind, int64_t bin, int64_t bins, const AugmentReach& reach,
                          SampleRandom& random) {
  const double share = static_cast<double>(bin) / static_cast<double>(std::max<int64_t>(bins - 1, 1));
  double magnitude = 0;
  switch (kind) {
    case AugmentKind::shear_x:
    case AugmentKind::shear_y: magnitude = reach.shear * share; break;
    case AugmentKind::translate_x: magnitude = reach.translate_x * share; break;
    case AugmentKind::translate_y: magnitude = reach.translate_y * share; break;
    case AugmentKind::rotate: magnitude = reach.rotate * share; break;
    case AugmentKind::brightness:
    case AugmentKind::color:
    case AugmentKind::contrast:
    case AugmentKind::sharpness: magnitude = reach.colour * share; break;
    case AugmentKind::posterize: magnitude = reach.bits - std::nearbyint(share * reach.bits_less); break;
    case AugmentKind::solarize: magnitude = 1 - share; break;
    case AugmentKind::identity:
    case AugmentKind::autocontrast:
    case AugmentKind::equalize:
    case AugmentKind::invert: break;
  }
  if (has_sides(kind) && random.uniform() < 0.5f) magnitude = -magnitude;
  return {kind, magnitude};
}

void augment(const Augmentation& a, const std::byte* in, DType dtype, const ImageType& type, const WarpOptions& options,
             std::byte* out) {
  const auto colours = [&](ColourChange change, double strength) {
    change_colours(change, static_cast<float>(strength), in, dtype, type, out);
  };
  switch (a.kind) {
    case AugmentKind::identity:
      std::memcpy(out, in, static_cast<size_t>(type.h * type.w * type.c * bytes_of(dtype)));
      return;
    case AugmentKind::shear_x:
    case AugmentKind::shear_y:
    case AugmentKind::translate_x:
    case AugmentKind::translate_y:
    case AugmentKind::rotate: return warp(in, dtype, type, places_for(a, type), options, out);
    case AugmentKind::brightness: return colours(ColourChange::brightness, 1 + a.magnitude);
    case AugmentKind::color: return colours(ColourChange::saturation, 1 + a.magnitude);
    case AugmentKind::contrast: return colours(ColourChange::contrast, 1 + a.magnitude);
    case AugmentKind::sharpness: return sharpen(in, dtype, type, static_cast<float>(1 + a.magnitude), out);
    case AugmentKind::posterize: return colours(ColourChange::posterize, a.magnitude);
    case AugmentKind::solarize: return colours(ColourChange::solarize, a.magnitude);
    case AugmentKind::autocontrast: return colours(ColourChange::autocontrast, 0);
    case AugmentKind::equalize: return colours(ColourChange::equalize, 0);
    case AugmentKind::invert: return colours(ColourChange::invert, 0);
  }
}

TransformStep augment_step(std::span<const SampleField> fields, const Where& where, const WarpKeys& keys,
                           ChooseAugmentations choose) {
  expect_bytes(fields, where);
  const size_t x = input_field(fields);
  TransformStep step{.draw = drawn_key};
  const auto chosen = [choose = std::move(choose)](const Drawn& drawn, bool places_alone) {
    std::vector<Augmentation> list;
    if (auto random = random_by(drawn)) choose(*random, list);
    std::erase_if(list, [&](const Augmentation& a) {
      return a.kind == AugmentKind::identity || (places_alone && !moves_places(a.kind));
    });
    return list;
  };
  for (const size_t field : on_image(fields, where)) {
    const Type& type = fields[field].type;
    const bool is_x = field == x;
    step.fields.push_back({field, type,
                           [=, dtype = type.dtype, image = image_of(type), bytes = static_cast<size_t>(type.bytes()),
                            bilinear = keys.interpolation == "bilinear",
                            fill = is_x ? fill_of(keys.fill, image_of(type), where) : std::vector<float>()](
                               const std::byte* in, std::byte* out, const Drawn& drawn) {
                             const std::vector<Augmentation> list = chosen(drawn, !is_x);
                             one_after_another(
                                 list.size(), bytes, in, out, [&](size_t i, const std::byte* from, std::byte* into) {
                                   augment(list[i], from, dtype, image, {.bilinear = bilinear, .fill = fill}, into);
                                 });
                           }});
  }
  const ImageType image = image_of(fields[x].type);
  move_boxes(step, fields, {image.h, image.w}, [chosen, image](const Drawn& drawn, std::span<Point> points) {
    for (const Augmentation& a : chosen(drawn, true)) move_points(places_for(a, image), points);
  });
  return step;
}

}  // namespace dl
