// Boxes on an image as rows of numbers: what a sample has of them, and what a network found.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>

namespace dl {

// In pixels from the image's left upper corner, a pixel being 1 wide: an image's own box is {0, 0, width, height}.
struct Box {
  float left = 0, top = 0, right = 0, bottom = 0;
  float area() const { return (right - left) * (bottom - top); }
  bool operator==(const Box&) const = default;
};

// The area that both have.
inline float common_area(const Box& a, const Box& b) {
  const float w = std::min(a.right, b.right) - std::max(a.left, b.left);
  const float h = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return std::max(w, 0.0f) * std::max(h, 0.0f);
}
// Intersection over union; 0 where neither has an area.
inline float overlap(const Box& a, const Box& b) {
  const float both = common_area(a, b), either = a.area() + b.area() - both;
  return either > 0 ? both / either : 0;
}

// A row f32 [6]. Rows that are none are of class `no_class`, all else in them 0; they follow those that are.
struct BoxRow {
  static constexpr int64_t columns = 6;
  static constexpr float no_class = -1;
  // What of a target is looked for. COCO's crowds are many things in one box: neither learned nor counted, and so is
  // what is found within them. Others that are left out, as Pascal VOC's difficult ones, are that by their overlap.
  static constexpr float counted = 0, crowd = 1, left_out = 2;

  Box box;
  float label = no_class;  // the class
  float more = 0;          // of a target what it counts for; of what was found its score
  bool is_box() const { return label >= 0; }
  bool operator==(const BoxRow&) const = default;
};
static_assert(sizeof(BoxRow) == BoxRow::columns * sizeof(float));

}  // namespace dl
