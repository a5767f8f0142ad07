// Finding the tag, and copying pixels along two steps.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/orientation.h"

#include <algorithm>
#include <utility>

namespace dl {
namespace {

constexpr uint64_t orientation_tag = 0x0112, short_type = 3, long_type = 4;
constexpr uint64_t entry_bytes = 12;

// Numbers of a TIFF block; 0 where it ends before them.
class TiffNumbers {
 public:
  explicit TiffNumbers(std::string_view block) : block_(block), big_endian_(block.starts_with('M')) {}
  uint64_t operator()(uint64_t at, uint64_t bytes) const {
    if (at > block_.size() || bytes > block_.size() - at) return 0;
    uint64_t value = 0;
    for (uint64_t i = 0; i < bytes; ++i)
      value = value << 8 | static_cast<uint8_t>(block_[at + (big_endian_ ? i : bytes - 1 - i)]);
    return value;
  }

 private:
  const std::string_view block_;
  const bool big_endian_;
};

bool is_transposed(int orientation) { return orientation >= 5; }
// Whether stored rows, or columns, count from the bottom, or the right.
bool from_bottom(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}
bool from_right(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

}  // namespace

int exif_orientation(std::string_view tiff) {
  if (!tiff.starts_with(std::string_view("II*\0", 4)) && !tiff.starts_with(std::string_view("MM\0*", 4)))
    return as_stored;
  const TiffNumbers number(tiff);
  const uint64_t directory = number(4, 4), entries = number(directory, 2);
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + i * entry_bytes, type = number(entry + 2, 2);
    if (number(entry, 2) != orientation_tag) continue;
    const uint64_t value = type == short_type ? number(entry + 8, 2) : type == long_type ? number(entry + 8, 4) : 0;
    return value >= 1 && value <= 8 ? static_cast<int>(value) : as_stored;
  }
  return as_stored;
}

Pair upright(Pair size, int orientation) { return is_transposed(orientation) ? Pair{size.w, size.h} : size; }

ImageWindow stored_window(const ImageWindow& window, Pair stored, int orientation) {
  ImageWindow found = window;
  if (is_transposed(orientation)) found = {window.left, window.top, window.w, window.h};
  if (from_bottom(orientation)) found.top = stored.h - found.top - found.h;
  if (from_right(orientation)) found.left = stored.w - found.left - found.w;
  return found;
}

Box upright_box(const Box& box, Pair stored, int orientation) {
  const auto w = static_cast<float>(stored.w), h = static_cast<float>(stored.h);
  Box b = box;
  if (from_bottom(orientation)) b = {b.left, h - b.bottom, b.right, h - b.top};
  if (from_right(orientation)) b = {w - b.right, b.top, w - b.left, b.bottom};
  return is_transposed(orientation) ? Box{b.top, b.left, b.bottom, b.right} : b;
}

void turn_upright(const uint8_t* image, Pair stored, int channels, int orientation, const ImageWindow& window,
                  uint8_t* into) {
  const int64_t row = (from_bottom(orientation) ? -1 : 1) * stored.w * channels;
  const int64_t column = from_right(orientation) ? -channels : channels;
  const int64_t first = (from_bottom(orientation) ? stored.h - 1 : 0) * stored.w * channels +
                        (from_right(orientation) ? stored.w - 1 : 0) * channels;
  const auto [down, across] = is_transposed(orientation) ? std::pair(column, row) : std::pair(row, column);
  const int64_t width = upright(stored, orientation).w;
  for (int64_t y = window.top; y < window.top + window.h; ++y) {
    const uint8_t* from = image + first + y * down + window.left * across;
    uint8_t* out = into + (y * width + window.left) * channels;
    for (int64_t x = 0; x < window.w; ++x, from += across, out += channels) std::copy_n(from, channels, out);
  }
}

}  // namespace dl
