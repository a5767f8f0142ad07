// Non-maximum suppression.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/best_boxes.h"

#include <algorithm>
#include <vector>

#include "lib/device/reference/kernel.h"
#include "lib/graph/falling_key.h"

namespace dl::reference {

namespace {

Run best_boxes_kernel(const Op& op, Types in, Types) {
  return [rule = static_cast<const BestBoxes&>(op).rule, shape = in[1].shape](Buffers x, Buffers y) {
    const int64_t scores_each = shape[1] * shape[2];
    for (int64_t image = 0; image < shape[0]; ++image) {
      const Box* const boxes = reinterpret_cast<const Box*>(f32(x, 0)) + image * shape[1];
      const float* const scores = f32(x, 1) + image * scores_each;
      std::vector<int64_t> order;
      for (int64_t i = 0; i < scores_each; ++i)
        if (double{scores[i]} > rule.least_score) order.push_back(i);
      std::ranges::sort(order, {}, [&](int64_t i) { return falling_key(scores[i], i); });
      std::vector<BoxRow> kept;
      for (const int64_t i : order) {
        const BoxRow row{boxes[i / shape[2]], static_cast<float>(i % shape[2]), scores[i]};
        const bool again = std::ranges::any_of(kept, [&](const BoxRow& before) {
          return before.label == row.label && double{overlap(before.box, row.box)} > rule.overlap;
        });
        if (!again && std::ssize(kept) < rule.most) kept.push_back(row);
      }
      kept.resize(static_cast<size_t>(rule.most));
      std::ranges::copy(kept, reinterpret_cast<BoxRow*>(f32(y, 0)) + image * rule.most);
    }
  };
}

DL_REFERENCE_KERNEL("best_boxes", best_boxes_kernel);

}  // namespace

}  // namespace dl::reference
