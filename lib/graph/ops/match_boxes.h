// What each anchor of a detector learns (Liu et al. 2016, arXiv:1512.02325, section 2.2): a box that it overlaps, or
// that there is none.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/boxes.h"
#include "lib/graph/graph.h"

namespace dl {

// inputs: anchors f32 [batch, anchors, 4], left, top, right, bottom; boxes f32 [batch, most, 6], rows as BoxRow has
// them; hardness f32 [batch, anchors]: how wrong it is to take an anchor for one without a box. Output f32 [batch,
// anchors, 6]: the matched box, its class and 1; or 0, no class, and 1 where that is learned, else 0. An anchor is
// matched to the box that it overlaps most, if by at least `overlap`; each box, in the order of the rows, also to the
// anchor that it overlaps most, whatever that had; of equal ones the first. Only boxes that count are matched. Of the
// anchors without a box those are learned that are hardest, `negatives` times as many as have one, rounded down. It has
// no gradient.
struct MatchBoxes final : Op {
  struct Rule {
    double overlap = 0.5, negatives = 3;
  };
  explicit MatchBoxes(const Rule& r) : rule(r) {}
  std::string_view name() const override { return "match_boxes"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;

  // Of so many anchors, of which some have a box: how many others are learned.
  static int64_t learned_negatives(double negatives, int64_t anchors, int64_t positives) {
    const double wanted = negatives * static_cast<double>(positives);
    const int64_t there = anchors - positives;
    return wanted < static_cast<double>(there) ? static_cast<int64_t>(wanted) : there;
  }

  const Rule rule;
};

Value match_boxes(Value anchors, Value boxes, Value hardness, const MatchBoxes::Rule& rule);

}  // namespace dl
