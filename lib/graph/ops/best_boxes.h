// The boxes that a detector found, each once: non-maximum suppression of each class.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/boxes.h"
#include "lib/graph/graph.h"

namespace dl {

// inputs: boxes f32 [batch, n, 4], left, top, right, bottom; scores f32 [batch, n, classes]. Output f32 [batch, most,
// 6], rows as BoxRow has them, by falling score, of equal ones the first in `scores` before: those above `least_score`
// that overlap no row before them of the same class by more than `overlap`. It has no gradient.
struct BestBoxes final : Op {
  struct Rule {
    int64_t most = 100;
    double least_score = 0.01, overlap = 0.45;
  };
  explicit BestBoxes(const Rule& r) : rule(r) {}
  std::string_view name() const override { return "best_boxes"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;

  const Rule rule;
};

Value best_boxes(Value boxes, Value scores, const BestBoxes::Rule& rule);

}  // namespace dl
