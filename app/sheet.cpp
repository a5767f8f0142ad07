// A grid of images with a few words under each.
// SPDX-License-Identifier: Apache-2.0
#include "app/sheet.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lib/base/error.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

constexpr int64_t gap = 6, least_image = 96, most_image = 256, most_columns_width = 1400;

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

void expect_images(const Type& type, const std::string& what) {
  if (type.dtype != DType::i32 && type.shape.rank() == 3)
    if (const int64_t channels = type.shape[2]; channels == 1 || channels == 3 || channels == 4) return;
  throw Error(Exit::usage, Problem{.path = "--sheet",
                                   .what = concat("expected images to draw, ", what, " ", name_of(type.dtype), " ",
                                                  type.shape.text()),
                                   .help = "leave --sheet out"});
}

std::vector<uint8_t> dots_of(std::span<const float> values) {
  const auto [least, most] = std::ranges::minmax_element(values);
  float low = *least, high = *most;
  if (low >= 0 && high <= 255) {
    low = 0;
    high = high <= 1 ? 1 : 255;
  }
  std::vector<uint8_t> dots;
  for (const float value : values) {
    const float share = high > low ? (value - low) / (high - low) : 0;
    dots.push_back(std::isfinite(share) ? static_cast<uint8_t>(std::lround(std::clamp(share, 0.0f, 1.0f) * 255)) : 0);
  }
  return dots;
}

SampleImages::SampleImages(const Dataset& data)
    : raw_(untransformed(data)),
      field_(static_cast<size_t>(std::ranges::find(raw_.fields(), "x", &SampleField::name) - raw_.fields().begin())),
      sample_(raw_) {
  expect_images(field_ < raw_.fields().size() ? raw_.fields()[field_].type : Type{}, "the samples are");
}

std::vector<uint8_t> SampleImages::dots(int64_t sample) {
  sample_.read(sample);
  const auto count = static_cast<size_t>(shape().elements());
  if (raw_.fields()[field_].type.dtype != DType::u8)
    return dots_of({reinterpret_cast<const float*>(sample_.bytes(field_)), count});
  std::vector<uint8_t> dots(count);
  std::memcpy(dots.data(), sample_.bytes(field_), count);
  return dots;
}

void write_sheet(const std::filesystem::path& file, const Shape& shape, const std::vector<SheetEntry>& entries) {
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
  for (int64_t i = 0; i < count; ++i) {
    const SheetEntry& entry = entries[static_cast<size_t>(i)];
    const int64_t top = gap + i / columns * cell.h, left = gap + i % columns * cell.w;
    Pair size{shape[0], shape[1]};
    const std::vector<uint8_t> dots = thinned(entry.dots, size, shape[2]);
    picture.image(top, left, dots.data(), size, shape[2], times);
    for (const auto& [box, text] : entry.boxes) {
      const auto at = [&](float place, int64_t shown_size, int64_t whole) {
        return std::lround(place * static_cast<float>(shown_size * times) / static_cast<float>(whole));
      };
      const int64_t box_top = top + at(box.top, size.h, shape[0]), box_left = left + at(box.left, size.w, shape[1]);
      picture.frame(box_top, box_left, top + at(box.bottom, size.h, shape[0]) - 1,
                    left + at(box.right, size.w, shape[1]) - 1, Picture::red);
      picture.text(box_top + 2, box_left + 2, text, Picture::red, left + size.w * times - box_left - 2);
    }
    for (size_t line = 0; line < entry.lines.size(); ++line)
      picture.text(top + size.h * times + 3 + static_cast<int64_t>(line) * (Picture::letter_height + 2), left,
                   entry.lines[line].text, entry.lines[line].colour, cell.w - gap);
  }
  picture.write(file);
}

}  // namespace dl
