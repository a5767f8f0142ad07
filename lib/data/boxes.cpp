// Moving boxes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/boxes.h"

#include <algorithm>

#include "lib/data/scratch.h"
#include "lib/graph/boxes.h"

namespace dl {
namespace {

constexpr size_t corners = 4;

// Around the points, within the image.
Box box_around(std::span<const Point, corners> points, Pair image) {
  const auto [left, right] = std::ranges::minmax(points, {}, &Point::x);
  const auto [top, bottom] = std::ranges::minmax(points, {}, &Point::y);
  const auto within = [](double v, int64_t size) {
    return static_cast<float>(std::clamp(v, 0.0, static_cast<double>(size)));
  };
  return {within(left.x, image.w), within(top.y, image.h), within(right.x, image.w), within(bottom.y, image.h)};
}

}  // namespace

void move_boxes(TransformStep& step, std::span<const SampleField> fields, Pair size, MovePoints move) {
  step.points = move;
  const auto field = std::ranges::find(fields, true, &SampleField::boxes);
  if (field == fields.end()) return;
  const auto rows = static_cast<size_t>(field->type.shape[0]);
  step.fields.push_back(
      {static_cast<size_t>(field - fields.begin()), field->type,
       [rows, size, move = std::move(move)](const std::byte* in, std::byte* out, const Drawn& drawn) {
         const auto* from = reinterpret_cast<const BoxRow*>(in);
         auto* into = reinterpret_cast<BoxRow*>(out);
         size_t count = 0;
         while (count < rows && from[count].is_box()) ++count;
         Scratch memory(count * corners * sizeof(Point));
         const std::span points(reinterpret_cast<Point*>(memory.data()), count * corners);
         for (size_t i = 0; i < count; ++i) {
           const Box& b = from[i].box;
           Point* p = &points[i * corners];
           p[0] = {b.left, b.top}, p[1] = {b.right, b.top}, p[2] = {b.right, b.bottom}, p[3] = {b.left, b.bottom};
         }
         move(drawn, points);
         size_t kept = 0;
         for (size_t i = 0; i < count; ++i) {
           const Box b = box_around(points.subspan(i * corners).first<corners>(), size);
           if (b.right - b.left >= 1 && b.bottom - b.top >= 1) into[kept++] = {b, from[i].label, from[i].more};
         }
         std::fill(into + kept, into + rows, BoxRow());
       }});
}

}  // namespace dl
