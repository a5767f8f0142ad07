// What anchors learn.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/match_boxes.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "lib/device/reference/kernel.h"
#include "lib/graph/falling_key.h"

namespace dl::reference {

namespace {

void match_image(const MatchBoxes::Rule& rule, std::span<const Box> anchors, std::span<const BoxRow> rows,
                 const float* hardness, std::span<BoxRow> out, std::vector<int64_t>& order) {
  std::ranges::fill(out, BoxRow());
  std::vector<float> best(anchors.size(), -1);
  const auto match = [&](size_t anchor, const BoxRow& row) { out[anchor] = {row.box, row.label, 1}; };
  for (const BoxRow& row : rows)
    for (size_t i = 0; row.is_box() && row.more == BoxRow::counted && i < anchors.size(); ++i) {
      const float by = overlap(anchors[i], row.box);
      if (by <= best[i]) continue;
      best[i] = by;
      if (double{by} >= rule.overlap) match(i, row);
    }
  for (const BoxRow& row : rows) {
    if (!row.is_box() || row.more != BoxRow::counted) continue;
    size_t nearest = 0;
    for (size_t i = 1; i < anchors.size(); ++i)
      if (overlap(anchors[i], row.box) > overlap(anchors[nearest], row.box)) nearest = i;
    match(nearest, row);
  }
  order.clear();
  for (size_t i = 0; i < anchors.size(); ++i)
    if (!out[i].is_box()) order.push_back(static_cast<int64_t>(i));
  std::ranges::sort(order, {}, [&](int64_t i) { return falling_key(hardness[i], i); });
  const auto all = static_cast<int64_t>(anchors.size());
  const int64_t learned = MatchBoxes::learned_negatives(rule.negatives, all, all - std::ssize(order));
  for (int64_t k = 0; k < learned; ++k) out[static_cast<size_t>(order[static_cast<size_t>(k)])].more = 1;
}

Run match_boxes_kernel(const Op& op, Types in, Types) {
  return [rule = static_cast<const MatchBoxes&>(op).rule, shape = in[0].shape, most = in[1].shape[1]](Buffers x,
                                                                                                      Buffers y) {
    const auto anchors = static_cast<size_t>(shape[1]), rows = static_cast<size_t>(most);
    std::vector<int64_t> order;
    for (size_t b = 0; b < static_cast<size_t>(shape[0]) && anchors > 0; ++b)
      match_image(rule, {reinterpret_cast<const Box*>(f32(x, 0)) + b * anchors, anchors},
                  {reinterpret_cast<const BoxRow*>(f32(x, 1)) + b * rows, rows}, f32(x, 2) + b * anchors,
                  {reinterpret_cast<BoxRow*>(f32(y, 0)) + b * anchors, anchors}, order);
  };
}

DL_REFERENCE_KERNEL("match_boxes", match_boxes_kernel);

}  // namespace

}  // namespace dl::reference
