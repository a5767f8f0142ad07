// Anchors matched to boxes, and the best of what was found: literal results, and any number of boxes as the reference
// device has them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/random.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/best_boxes.h"
#include "lib/graph/ops/match_boxes.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

namespace {

float drawn_below(uint64_t stream, int64_t i, uint32_t n) { return float(random_bits(3, stream, uint64_t(i)) % n); }

// Boxes on a raster, so that many overlap by the same; `columns` numbers each, the corners first.
Numbers raster_boxes(uint64_t stream, int64_t count, size_t columns) {
  Numbers values(static_cast<size_t>(count) * columns);
  for (int64_t i = 0; i < count; ++i) {
    const float x = drawn_below(stream, i * 4, 12), y = drawn_below(stream, i * 4 + 1, 12);
    float* const row = &values[static_cast<size_t>(i) * columns];
    row[0] = x, row[1] = y;
    row[2] = x + drawn_below(stream, i * 4 + 2, 6);
    row[3] = y + drawn_below(stream, i * 4 + 3, 6);
  }
  return values;
}

void check_devices(const Graph& g, const std::map<std::string, Numbers>& inputs) {
  const auto expected = outputs_of(g, inputs, "reference").at("y");
  for (const std::string& device : devices()) {
    CAPTURE(device);
    CHECK(outputs_of(g, inputs, device).at("y") == expected);
  }
}

}  // namespace

TEST_CASE("an anchor learns the box that it overlaps most, each box has an anchor, and the hardest others learn none") {
  Graph g;
  const Value y = match_boxes(input(g, "anchors", {DType::f32, {1, 6, 4}}), input(g, "boxes", {DType::f32, {1, 4, 6}}),
                              input(g, "hardness", {DType::f32, {1, 6}}), {.overlap = 0.5, .negatives = 1});
  check_value(y,
              {{"anchors", {0, 0, 4, 4, 0, 0, 4, 2, 10, 10, 14, 14, 20, 20, 24, 24, 30, 30, 34, 34, 40, 40, 44, 44}},
               // One that two anchors overlap, one that overlaps little, a crowd, and none.
               {"boxes", {0, 0, 4, 3, 7, 0, 13, 13, 17, 17, 2, 0, 20, 20, 24, 24, 1, 1, 0, 0, 0, 0, -1, 0}},
               {"hardness", {9, 9, 9, 1, 3, 2}}},
              {0, 0, 4, 3, 7,  1, 0, 0, 4, 3, 7,  1, 13, 13, 17, 17, 2,  1,
               0, 0, 0, 0, -1, 1, 0, 0, 0, 0, -1, 1, 0,  0,  0,  0,  -1, 1});
}

TEST_CASE("the best box of each class is kept, and those that do not overlap it") {
  Graph g;
  const Value y = best_boxes(input(g, "boxes", {DType::f32, {1, 4, 4}}), input(g, "scores", {DType::f32, {1, 4, 2}}),
                             {.most = 4, .least_score = 0.1, .overlap = 0.5});
  check_value(y,
              {{"boxes", {0, 0, 4, 4, 0, 0, 4, 3, 2, 0, 6, 4, 9, 9, 9, 9}},
               {"scores", {0.5f, 0.1f, 0.75f, 0.25f, 0.625f, 0, NAN, 0.05f}}},
              {0, 0, 4, 3, 0, 0.75f, 2, 0, 6, 4, 0, 0.625f, 0, 0, 4, 3, 1, 0.25f, 0, 0, 0, 0, -1, 0});
}

TEST_CASE("any number of anchors and boxes is matched on each device as on the reference device, to the bit") {
  for (const auto& [images, anchors, most] :
       std::vector<std::array<int64_t, 3>>{{1, 1, 1}, {3, 7, 2}, {2, 300, 9}, {5, 257, 40}, {2, 1500, 3}})
    for (const double negatives : {0.0, 1.5, 3.0, 1e9}) {
      CAPTURE(anchors);
      CAPTURE(negatives);
      Graph g;
      g.output("y", match_boxes(input(g, "anchors", {DType::f32, {images, anchors, 4}}),
                                input(g, "boxes", {DType::f32, {images, most, 6}}),
                                input(g, "hardness", {DType::f32, {images, anchors}}),
                                {.overlap = 0.4, .negatives = negatives}));
      Numbers boxes = raster_boxes(1, images * most, 6), hardness;
      for (int64_t i = 0; i < images * most; ++i) {
        const bool there = i % most < drawn_below(7, i / most, static_cast<uint32_t>(most + 1));
        boxes[static_cast<size_t>(i * 6 + 4)] = there ? drawn_below(5, i, 3) : -1;
        boxes[static_cast<size_t>(i * 6 + 5)] = there && drawn_below(6, i, 5) == 0 ? 1 : 0;
      }
      for (int64_t i = 0; i < images * anchors; ++i) hardness.push_back(drawn_below(2, i, 20) / 4 - 1);
      if (anchors > 100) hardness[5] = NAN, hardness[6] = INFINITY, hardness[7] = -INFINITY;
      check_devices(g, {{"anchors", raster_boxes(3, images * anchors, 4)}, {"boxes", boxes}, {"hardness", hardness}});
    }
}

TEST_CASE("the best of any number of boxes are the same on each device, to the bit") {
  for (const auto& [images, count, classes] :
       std::vector<std::array<int64_t, 3>>{{1, 1, 1}, {3, 7, 2}, {2, 300, 3}, {4, 257, 1}})
    for (const int64_t most : {1, 10, 64}) {
      CAPTURE(count);
      CAPTURE(most);
      Graph g;
      g.output("y", best_boxes(input(g, "boxes", {DType::f32, {images, count, 4}}),
                               input(g, "scores", {DType::f32, {images, count, classes}}),
                               {.most = most, .least_score = 0.2, .overlap = 0.3}));
      Numbers scores;
      for (int64_t i = 0; i < images * count * classes; ++i) scores.push_back(drawn_below(4, i, 32) / 32);
      if (count > 100) scores[3] = NAN, scores[4] = INFINITY;
      check_devices(g, {{"boxes", raster_boxes(3, images * count, 4)}, {"scores", scores}});
    }
}
