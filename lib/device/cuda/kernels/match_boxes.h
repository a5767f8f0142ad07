// What anchors learn, a block an image. The hardest of the anchors without a box are those whose key is below a bound,
// which is found bit by bit.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/block.h"
#include "lib/device/cuda/kernels/boxes.h"
#include "lib/device/cuda/kernels/keys.h"

namespace dl::cuda {

struct AnchorMatches {
  static constexpr int threads = 256, sum_at = 2 * threads;  // floats of shared memory: behind the keys
  static constexpr int shared_bytes = (sum_at + 32) * 4;
  const float *anchors, *boxes, *hardness;  // [images, anchors, 4], [images, rows, 6], [images, anchors]
  float* y;                                 // [images, anchors, 6]
  long long images, count, rows;
  double overlap, negatives;
};

inline bool is_matched(const float* row) { return row[BoxColumns::label] >= 0 && row[BoxColumns::more] == 0; }

inline void put_match(float* y, const float* row) {
  for (int k = 0; k <= BoxColumns::label; ++k) y[k] = row[k];
  y[BoxColumns::more] = 1;
}

// Each thread its anchors: the box that they overlap most.
template <class Thread>
void match_anchors(const Thread& t, const AnchorMatches& p, const float* anchors, const float* boxes, float* y) {
  for (long long i = t.index(); i < p.count; i += t.count()) {
    float* const own = y + i * BoxColumns::count;
    for (int k = 0; k < BoxColumns::count; ++k) own[k] = k == BoxColumns::label ? -1.0f : 0.0f;
    float best = -1;
    for (long long r = 0; r < p.rows; ++r) {
      const float* const row = boxes + r * BoxColumns::count;
      if (!is_matched(row)) continue;
      const float by = box_overlap(t, anchors + i * 4, row);
      if (by <= best) continue;
      best = by;
      if (static_cast<double>(by) >= p.overlap) put_match(own, row);
    }
  }
  t.sync();
}

// Each box the anchor that it overlaps most, one box after another.
template <class Thread>
void match_boxes_to_anchors(const Thread& t, const AnchorMatches& p, const float* anchors, const float* boxes,
                            float* y) {
  for (long long r = 0; r < p.rows; ++r) {
    const float* const row = boxes + r * BoxColumns::count;
    if (!is_matched(row)) continue;
    unsigned long long best = no_key;
    for (long long i = t.index(); i < p.count; i += t.count()) {
      const unsigned long long key = falling_key(box_overlap(t, anchors + i * 4, row), i);
      if (key < best) best = key;
    }
    best = least_key(t, best);
    if (t.index() == 0) put_match(y + static_cast<unsigned>(best) * static_cast<long long>(BoxColumns::count), row);
    t.sync();
  }
}

template <class Thread>
void match_boxes(const Thread& t, const AnchorMatches& p) {
  for (long long image = t.block(); image < p.images; image += t.blocks()) {
    const float *anchors = p.anchors + image * p.count * 4, *boxes = p.boxes + image * p.rows * BoxColumns::count;
    const float* hardness = p.hardness + image * p.count;
    float* const y = p.y + image * p.count * BoxColumns::count;
    match_anchors(t, p, anchors, boxes, y);
    match_boxes_to_anchors(t, p, anchors, boxes, y);
    // So many anchors without a box whose key is at most `bound`.
    const auto below = [&](unsigned long long bound) {
      int own = 0;
      for (long long i = t.index(); i < p.count; i += t.count())
        own += y[i * BoxColumns::count + BoxColumns::label] < 0 && falling_key(hardness[i], i) <= bound;
      return static_cast<long long>(block_sum(t, static_cast<float>(own), AnchorMatches::sum_at));
    };
    const long long there = below(no_key), positives = p.count - there;
    const double wanted = p.negatives * static_cast<double>(positives);
    const long long learned = wanted < static_cast<double>(there) ? static_cast<long long>(wanted) : there;
    unsigned long long bound = 0;  // the key of the last that is learned
    for (int bit = 63; bit >= 0 && learned > 0; --bit) {
      const unsigned long long half = bound | ((1ull << bit) - 1);
      if (below(half) < learned) bound |= 1ull << bit;
    }
    for (long long i = t.index(); i < p.count && learned > 0; i += t.count()) {
      float* const own = y + i * BoxColumns::count;
      if (own[BoxColumns::label] < 0 && falling_key(hardness[i], i) <= bound) own[BoxColumns::more] = 1;
    }
  }
}

}  // namespace dl::cuda
