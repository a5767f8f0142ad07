// Boxes as rows of six numbers, as lib/graph/boxes.h has them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dl::cuda {

struct BoxColumns {
  static constexpr int label = 4, more = 5, count = 6;
};

inline float least_of(float a, float b) { return b < a ? b : a; }
inline float most_of(float a, float b) { return a < b ? b : a; }

// Intersection over union of two boxes, left, top, right, bottom each: rounded as on the processor.
template <class Thread>
float box_overlap(const Thread& t, const float* a, const float* b) {
  const float w = most_of(least_of(a[2], b[2]) - most_of(a[0], b[0]), 0.0f);
  const float h = most_of(least_of(a[3], b[3]) - most_of(a[1], b[1]), 0.0f);
  const float both = t.product(w, h);
  const float either = t.product(a[2] - a[0], a[3] - a[1]) + t.product(b[2] - b[0], b[3] - b[1]) - both;
  return either > 0 ? both / either : 0;
}

}  // namespace dl::cuda
