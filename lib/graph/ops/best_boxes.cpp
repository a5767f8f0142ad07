// Non-maximum suppression.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/best_boxes.h"

#include <limits>

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {

std::string BestBoxes::attributes() const {
  return concat("most ", rule.most, " least ", rule.least_score, " overlap ", rule.overlap);
}

std::vector<Type> BestBoxes::infer(std::span<const Type> inputs) const {
  const Shape &boxes = inputs[0].shape, &scores = inputs[1].shape;
  DL_CHECK(inputs[0].dtype == DType::f32 && boxes.rank() == 3 && boxes[2] == 4, boxes.text());
  DL_CHECK(inputs[1].dtype == DType::f32 && scores.rank() == 3 && scores[0] == boxes[0] && scores[1] == boxes[1],
           scores.text());
  if (scores[1] * scores[2] > std::numeric_limits<int32_t>::max())
    throw ShapeError(concat(scores[1] * scores[2], " scores of an image cannot be ranked"), "give it fewer anchors");
  return {{DType::f32, {boxes[0], rule.most, BoxRow::columns}}};
}

Cost BestBoxes::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = 4 * static_cast<double>(inputs[1].shape.elements());
  return cost;
}

Value best_boxes(Value boxes, Value scores, const BestBoxes::Rule& rule) {
  return stop_gradient(boxes.graph->add_one(std::make_shared<BestBoxes>(rule), {boxes, scores}));
}

}  // namespace dl
