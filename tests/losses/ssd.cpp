// ssd: literal results, and what it tells of a prediction beside torchvision. Its loss is beside torchvision's in
// golden.cpp.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/graph/boxes.h"
#include "lib/nn/detections.h"
#include "tests/error_text.h"
#include "tests/golden/golden.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

// The columns of an anchor of 10 x 10 at (x, 0) on an image of 40 x 20 (width x height), as a network of one class
// says.
Numbers anchor_row(float x, Numbers offsets, Numbers scores) {
  Numbers row{x, 0, x + 10, 10, 40, 20};
  row.insert(row.end(), offsets.begin(), offsets.end());
  row.insert(row.end(), scores.begin(), scores.end());
  return row;
}

Numbers joined(std::initializer_list<Numbers> rows) {
  Numbers all;
  for (const Numbers& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

// The mean, and what it is divided by.
Numbers loss_of(const std::string& yaml, const Numbers& x, const Numbers& y, int64_t anchors) {
  Graph g;
  const auto loss = read_registered_as<Loss>(yaml);
  const Loss::Mean mean = loss->over({.prediction = input(g, "x", {DType::f32, {1, anchors, 12}}),
                                      .target = input(g, "y", {DType::f32, {1, std::ssize(y) / 6, 6}})});
  g.output("mean", mean.mean);
  g.output("count", mean.count);
  const auto results = outputs_of(g, {{"x", x}, {"y", y}}, "reference");
  return {results.at("mean")[0], results.at("count")[0]};
}

}  // namespace

TEST_CASE("ssd is the distance of offsets and the cross-entropy of anchors with a box and of the hardest others") {
  // The first anchor has the box, shifted by 1 and twice as high: offsets 1, 5, 0, 5 log 2, by smooth L1 from 0.
  const Numbers x = joined({anchor_row(0, {0, 0, 0, 0}, {0, 2}), anchor_row(10, {9, 9, 9, 9}, {0, 1}),
                            anchor_row(20, {9, 9, 9, 9}, {1, 0}), anchor_row(30, {9, 9, 9, 9}, {5, 0})});
  const float ln2 = std::log(2.0f);
  const float places = 0.5f + 4.5f + 0 + (5 * ln2 - 0.5f);
  const auto cost = [](float wrong, float right) { return std::log(1 + std::exp(wrong - right)); };
  check_close(loss_of("ssd: {negatives: 2, iou_thresh: 0.3}", x, {1, 0, 11, 20, 0, 0}, 4),
              {places + cost(0, 2) + cost(1, 0) + cost(0, 1), 1});
  check_close(loss_of("ssd: {negatives: 0, iou_thresh: 0.3}", x, {1, 0, 11, 20, 0, 0}, 4), {places + cost(0, 2), 1});
}

TEST_CASE("images without boxes, or with such alone as do not count, cost nothing") {
  const Numbers x = joined({anchor_row(0, {1, 1, 1, 1}, {0, 2}), anchor_row(10, {1, 1, 1, 1}, {0, 2})});
  CHECK(loss_of("ssd", x, {0, 0, 0, 0, BoxRow::no_class, 0}, 2) == Numbers{0, 0});
  CHECK(loss_of("ssd", x, {0, 0, 10, 10, 0, BoxRow::crowd}, 2) == Numbers{0, 0});
}

TEST_CASE("offsets and boxes are each other's reverse, within the image") {
  Graph g;
  const Numbers anchors{0, 0, 10, 10, 5, 2, 9, 16}, boxes{2, 1, 6, 18, 3, 0, 39, 20};
  const Value anchor = input(g, "a", {DType::f32, {1, 2, 4}}), box = input(g, "b", {DType::f32, {1, 2, 4}});
  const Value size = reshape(
      concatenate({broadcast_to(constant(g, 40), {1, 2, 1}), broadcast_to(constant(g, 20), {1, 2, 1})}, 2), {1, 2, 2});
  g.output("again", boxes_at({anchor, size, offsets_of(box, anchor), {}}));
  const auto again = [&](const Numbers& of) {
    return outputs_of(g, {{"a", anchors}, {"b", of}}, "reference").at("again");
  };
  golden::check_near("boxes", again(boxes), boxes);
  // What reaches beyond the image is cut off.
  golden::check_near("boxes", again({-5, -5, 6, 18, 3, 0, 50, 60}), {0, 0, 6, 18, 3, 0, 40, 20});
}

TEST_CASE("what ssd tells is what torchvision's SSD tells") {
  golden::for_each_case("detections", [&](const golden::Json& recorded) {
    const auto loss = read_registered_as<Loss>(recorded["yaml"]);
    Graph g;
    g.output("rows", loss->predicted(input(g, "x", {DType::f32, golden::shape_of(recorded)})));
    for (const std::string& device : devices()) {
      CAPTURE(device);
      const Numbers rows = outputs_of(g, {{"x", recorded["values"].get<Numbers>()}}, device).at("rows");
      const size_t images = recorded["rows"].size(), most = rows.size() / images / 6;
      for (size_t image = 0; image < images; ++image) {
        const golden::Json& theirs = recorded["rows"][image];
        for (size_t i = 0; i < most; ++i) {
          const Numbers own(rows.begin() + long((image * most + i) * 6),
                            rows.begin() + long((image * most + i + 1) * 6));
          if (i < theirs.size())
            golden::check_near("row", own, theirs[i], 1e-4, 1);
          else
            CHECK(own == Numbers{0, 0, 0, 0, BoxRow::no_class, 0});
        }
      }
    }
  });
}

TEST_CASE("what are no anchors and no boxes is refused") {
  const auto refused = [](const Shape& x, const Type& y) {
    Graph g;
    return error_text<ShapeError>([&] {
      mean_loss(*read_registered_as<Loss>("ssd"), input(g, "x", {DType::f32, x}), input(g, "y", y));
    });
  };
  CHECK(
      refused({2, 5}, {DType::f32, {2, 3, 6}}) ==
      "expected anchors with offsets and scores, as 'ssd_head' gives, got [5]; end the model with 'ssd_head: {anchors: "
      "[[32, 32]], classes: ${data.classes}}'");
  CHECK(refused({2, 5, 12}, {DType::i32, {2}}) ==
        "expected boxes as targets, f32 [boxes, 6], got i32 []; read the data by 'format: coco' or 'format: voc'");
}
