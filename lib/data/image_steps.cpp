// What transforms of images share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image_steps.h"

#include <algorithm>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/boxes.h"

namespace dl {

TransformStep by_chance(TransformStep step, double p, bool always) {
  constexpr size_t done = 9;
  step.draw = [draw = std::move(step.draw), p, always](SampleRandom* random) {
    Drawn drawn{};
    if (random ? random->uniform() < p : always) {
      if (draw) drawn = draw(random);
      drawn[done] = 1;
    }
    return drawn;
  };
  for (FieldStep& field : step.fields)
    field.apply = [apply = std::move(field.apply), bytes = static_cast<size_t>(field.output.bytes())](
                      const std::byte* in, std::byte* out, const Drawn& drawn) {
      if (drawn[done] == 0)
        std::memcpy(out, in, bytes);
      else
        apply(in, out, drawn);
    };
  if (step.points)
    step.points = [points = std::move(step.points)](const Drawn& drawn, std::span<Point> of) {
      if (drawn[done] != 0) points(drawn, of);
    };
  return step;
}

FieldStep colour_field(std::span<const SampleField> fields, const Where& where, ColourFunction apply) {
  const size_t x = input_field(fields);
  const Type& type = fields[x].type;
  return {x, type,
          [apply = std::move(apply), dtype = type.dtype, image = image_type(type, where)](
              const std::byte* in, std::byte* out, const Drawn& drawn) { apply(in, dtype, image, drawn, out); }};
}

void expect_bytes(std::span<const SampleField> fields, const Where& where) {
  const SampleField& x = fields[input_field(fields)];
  if (x.type.dtype != DType::u8)
    throw Error(
        Exit::usage,
        Problem{.where = where,
                .what = "expected images of bytes, these are numbers",
                .help = x.pixels
                            ? "leave it out; or leave 'bits: 16' out of the data, and write it before 'normalize'"
                            : "write it before 'normalize'; where there is none, keep the images as bytes, 0 to 255"});
}

TransformStep colour_step(std::span<const SampleField> fields, const Where& where, ColourChange change, float strength,
                          double p) {
  if (of_bytes(change)) expect_bytes(fields, where);
  return by_chance(
      {.fields = {colour_field(fields, where,
                               [=](const std::byte* in, DType dtype, const ImageType& type, const Drawn&,
                                   std::byte* out) { change_colours(change, strength, in, dtype, type, out); })}},
      p, p == 1);
}

void WarpKeys::describe(Schema& s) {
  s.optional("interpolation", interpolation, "how values between places are found; whole numbers are the nearest")
      .one_of({"nearest", "bilinear"});
  s.optional("fill", fill, "what lies outside the image, one for all channels or one for each")
      .known_as({"fill_value", "fillcolor"});
}

std::vector<float> fill_of(const OneOrMore<double>& fill, const ImageType& image, const Where& where) {
  const auto count = std::ssize(fill.values);
  if (count != 1 && count != image.c)
    throw Error(Exit::usage, Problem{.where = where,
                                     .what = concat("expected 1 or ", image.c, " numbers for images of ",
                                                    count_of(image.c, "channel"), ", got ", count)});
  return {fill.values.begin(), fill.values.end()};
}

TransformStep warp_step(std::span<const SampleField> fields, const Where& where, const WarpKeys& keys, double p,
                        std::function<Places(SampleRandom& random, const ImageType& image)> draw) {
  const size_t x = input_field(fields);
  const ImageType of_x = image_type(fields[x].type, where);
  TransformStep step{.draw = [draw = std::move(draw), of_x](SampleRandom* random) {
    Drawn drawn{};
    std::ranges::copy(draw(*random, of_x), drawn.begin());
    return drawn;
  }};
  const auto drawn_places = [](const Drawn& drawn) {
    Places places;
    std::copy_n(drawn.begin(), places.size(), places.begin());
    return places;
  };
  for (const size_t field : on_image(fields, where)) {
    const Type& type = fields[field].type;
    step.fields.push_back(
        {field, type,
         [dtype = type.dtype, image = image_of(type), drawn_places, bilinear = keys.interpolation == "bilinear",
          fill = field == x ? fill_of(keys.fill, of_x, where) : std::vector<float>()](
             const std::byte* in, std::byte* out, const Drawn& drawn) {
           warp(in, dtype, image, drawn_places(drawn), {.bilinear = bilinear, .fill = fill}, out);
         }});
  }
  move_boxes(step, fields, {of_x.h, of_x.w},
             [drawn_places](const Drawn& drawn, std::span<Point> points) { move_points(drawn_places(drawn), points); });
  return by_chance(std::move(step), p);
}

Interval range_of(const OneOrMore<double>& numbers, double base, double least) {
  const auto& values = numbers.values;
  if (values.size() == 2) return {values[0], values[1]};
  return {std::max(base - values.at(0), least), base + values.at(0)};
}

void check_range(const Report& report, const std::string& key, const OneOrMore<double>& numbers) {
  const auto& values = numbers.values;
  if (values.size() == 1 && values[0] < 0)
    report.at(key, concat("expected a number of at least 0, or [least, most], got ", number_text(values[0])));
  else if (values.size() == 2 && values[0] > values[1])
    report.at(key, concat("expected [least, most], got [", number_text(values[0]), ", ", number_text(values[1]), "]"));
  else if (values.empty() || values.size() > 2)
    report.at(key, concat("expected a number or [least, most], got ", count_of(std::ssize(values), "number")));
}

}  // namespace dl
