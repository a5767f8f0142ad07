// Anchors and boxes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/match_boxes.h"

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {
namespace {

constexpr int64_t most_anchors = 1 << 24;  // which float counts exactly

}  // namespace

std::string MatchBoxes::attributes() const { return concat("overlap ", rule.overlap, " negatives ", rule.negatives); }

std::vector<Type> MatchBoxes::infer(std::span<const Type> inputs) const {
  const Shape &anchors = inputs[0].shape, &boxes = inputs[1].shape, &hardness = inputs[2].shape;
  for (const Type& input : inputs) DL_CHECK(input.dtype == DType::f32, input.shape.text());
  DL_CHECK(anchors.rank() == 3 && anchors[2] == 4, anchors.text());
  DL_CHECK(boxes.rank() == 3 && boxes[0] == anchors[0] && boxes[2] == BoxRow::columns, boxes.text());
  DL_CHECK(hardness == (Shape{anchors[0], anchors[1]}), hardness.text());
  if (anchors[1] > most_anchors)
    throw ShapeError(concat("expected at most ", most_anchors, " anchors on an image, got ", anchors[1]),
                     "make the feature maps smaller, or give them fewer anchors");
  return {{DType::f32, {anchors[0], anchors[1], BoxRow::columns}}};
}

Cost MatchBoxes::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = 16 * static_cast<double>(inputs[2].shape.elements()) * static_cast<double>(inputs[1].shape[1]);
  return cost;
}

Value match_boxes(Value anchors, Value boxes, Value hardness, const MatchBoxes::Rule& rule) {
  return stop_gradient(anchors.graph->add_one(std::make_shared<MatchBoxes>(rule), {anchors, boxes, hardness}));
}

}  // namespace dl
