// A grid of images with a few words under each.
// SPDX-License-Identifier: Apache-2.0
#include "app/sheet.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lib/base/error.h"
#include "lib/data/one_sample.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

constexpr int64_t gap = 6, least_image = 96, most_image = 256, most_columns_width = 1400;

// u8 as they are; numbers between their least and their largest, or from 0 to 1 or 255 where they lie there.
std::vector<uint8_t> dots_of(const OneSample& sample, size_t field) {
  const Type& type = sample.field(field).type;
  const auto count = static_cast<size_t>(type.shape.elements());
  std::vector<uint8_t> dots(count);
  if (type.dtype == DType::u8) {
    std::memcpy(dots.data(), sample.bytes(field), count);
    return dots;
  }
  const auto* values = reinterpret_cast<const float*>(sample.bytes(field));
  const auto [least, most] = std::minmax_element(values, values + count);
  float low = *least, high = *most;
  if (low >= 0 && high <= 255) {
    low = 0;
    high = high <= 1 ? 1 : 255;
  }
  for (size_t i = 0; i < count; ++i) {
    const float share = high > low ? (values[i] - low) / (high - low) : 0;
    dots[i] = static_cast<uint8_t>(std::lround(std::clamp(share, 0.0f, 1.0f) * 255));
  }
  return dots;
}

// Every n-th dot of an image that is too large to be shown whole.
std::vector<uint8_t> thinned(const std::vector<uint8_t>& dots, Pair& size, int64_t channels) {
  const int64_t step = (std::max(size.h, size.w) + most_image - 1) / most_image;
  if (step <= 1) return dots;
  std::vector<uint8_t> out;
  for (int64_t y = 0; y < size.h; y += step)
    for (int64_t x = 0; x < size.w; x += step)
      for (int64_t c = 0; c < channels; ++c) out.push_back(dots[static_cast<size_t>((y * size.w + x) * channels + c)]);
  size = {(size.h + step - 1) / step, (size.w + step - 1) / step};
  return out;
}

}  // namespace

void expect_images(const Dataset& data) {
  const Dataset& raw = untransformed(data);
  const auto x = std::ranges::find(raw.fields(), "x", &SampleField::name);
  const bool is_there = x != raw.fields().end();
  if (is_there && x->type.dtype != DType::i32 && x->type.shape.rank() == 3)
    if (const int64_t channels = x->type.shape[2]; channels == 1 || channels == 3 || channels == 4) return;
  throw Error(Exit::usage, Problem{.path = "--sheet",
                                   .what = concat("expected images to draw, the samples are ",
                                                  is_there ? concat(name_of(x->type.dtype), " ", x->type.shape.text())
                                                           : std::string("no 'x'")),
                                   .help = "leave --sheet out"});
}

void write_sheet(const std::filesystem::path& file, const Dataset& data, const std::vector<SheetEntry>& entries) {
  const Dataset& raw = untransformed(data);
  const auto field = static_cast<size_t>(field_index(raw, "x"));
  const Shape& shape = raw.fields()[field].type.shape;
  Pair shown{shape[0], shape[1]};
  thinned(std::vector<uint8_t>(static_cast<size_t>(shape.elements())), shown, shape[2]);
  const int64_t times = std::max<int64_t>(1, least_image / std::max(shown.h, shown.w));
  size_t lines = 0;
  for (const SheetEntry& entry : entries) lines = std::max(lines, entry.lines.size());
  const int64_t words = static_cast<int64_t>(lines) * (Picture::letter_height + 2);
  const Pair cell{shown.h * times + 3 + words + gap, std::max(shown.w * times, 14 * Picture::letter_width) + gap};
  const auto count = static_cast<int64_t>(entries.size());
  const int64_t columns =
      std::min({count, std::max<int64_t>(1, most_columns_width / cell.w),
                std::max<int64_t>(1, static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count) * 1.6))))});
  Picture picture({(count + columns - 1) / columns * cell.h + gap, columns * cell.w + gap});
  OneSample sample(raw);
  for (int64_t i = 0; i < count; ++i) {
    const SheetEntry& entry = entries[static_cast<size_t>(i)];
    const int64_t top = gap + i / columns * cell.h, left = gap + i % columns * cell.w;
    sample.read(entry.sample);
    Pair size{shape[0], shape[1]};
    const std::vector<uint8_t> dots = thinned(dots_of(sample, field), size, shape[2]);
    picture.image(top, left, dots.data(), size, shape[2], times);
    for (size_t line = 0; line < entry.lines.size(); ++line)
      picture.text(top + size.h * times + 3 + static_cast<int64_t>(line) * (Picture::letter_height + 2), left,
                   entry.lines[line].text, entry.lines[line].colour, cell.w - gap);
  }
  picture.write(file);
}

}  // namespace dl
