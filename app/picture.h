// A picture to draw images and words on.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "lib/spec/units.h"

namespace dl {

class Picture {
 public:
  using Colour = std::array<uint8_t, 3>;
  static constexpr Colour white{255, 255, 255}, black{0, 0, 0}, grey{110, 110, 110}, green{0, 120, 50},
      red{190, 20, 20};
  static constexpr int64_t letter_width = 6, letter_height = 8;  // of text, gaps included

  explicit Picture(Pair size);  // white

  Pair size() const { return size_; }
  void dot(int64_t y, int64_t x, Colour colour);  // nothing outside the picture
  // The outline of a rectangle whose corners are these dots.
  void frame(int64_t top, int64_t left, int64_t bottom, int64_t right, Colour colour);
  // u8 [image.h, image.w, channels] with its corner at (y, x), each value as `times` × `times` dots.
  void image(int64_t y, int64_t x, const uint8_t* values, Pair image, int64_t channels, int64_t times);
  // One line of it, as many letters as `width` has room for, the last a dot where some are left out; what is not ASCII
  // is a box.
  void text(int64_t y, int64_t x, std::string_view text, Colour colour, int64_t width);
  void write(const std::filesystem::path& path) const;  // PNG

 private:
  Pair size_;
  std::vector<uint8_t> dots_;  // [h, w, 3]
};

}  // namespace dl
