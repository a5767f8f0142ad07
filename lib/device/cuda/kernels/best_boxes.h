// Non-maximum suppression, a block an image: row after row the best score behind the last that no row before keeps out.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/boxes.h"
#include "lib/device/cuda/kernels/keys.h"

namespace dl::cuda {

struct FoundBoxes {
  static constexpr int threads = 256;
  static constexpr int shared_bytes = threads * 8;
  const float *boxes, *scores;  // [images, count, 4], [images, count, classes]
  float* y;                     // [images, most, 6]
  long long images, count, classes, most;
  double least_score, overlap;
};

template <class Thread>
bool is_kept_out(const Thread& t, const FoundBoxes& p, const float* box, float label, const float* rows,
                 long long kept) {
  for (long long r = 0; r < kept; ++r) {
    const float* const row = rows + r * BoxColumns::count;
    if (row[BoxColumns::label] == label && static_cast<double>(box_overlap(t, row, box)) > p.overlap) return true;
  }
  return false;
}

template <class Thread>
void best_boxes(const Thread& t, const FoundBoxes& p) {
  for (long long image = t.block(); image < p.images; image += t.blocks()) {
    const float *boxes = p.boxes + image * p.count * 4, *scores = p.scores + image * p.count * p.classes;
    float* const rows = p.y + image * p.most * BoxColumns::count;
    unsigned long long last = 0;  // no score's key
    long long kept = 0;
    for (; kept < p.most; ++kept) {
      unsigned long long best = no_key;
      for (long long i = t.index(); i < p.count * p.classes; i += t.count()) {
        if (!(static_cast<double>(scores[i]) > p.least_score)) continue;
        const unsigned long long key = falling_key(scores[i], i);
        if ((kept > 0 && key <= last) || key >= best) continue;
        if (!is_kept_out(t, p, boxes + i / p.classes * 4, static_cast<float>(i % p.classes), rows, kept)) best = key;
      }
      best = least_key(t, best);
      if (best == no_key) break;
      last = best;
      const long long i = static_cast<unsigned>(best);
      if (t.index() < BoxColumns::count)
        rows[kept * BoxColumns::count + t.index()] =
            t.index() < BoxColumns::label    ? boxes[i / p.classes * 4 + t.index()]
            : t.index() == BoxColumns::label ? static_cast<float>(i % p.classes)
                                             : scores[i];
      t.sync();
    }
    for (long long i = kept * BoxColumns::count + t.index(); i < p.most * BoxColumns::count; i += t.count())
      rows[i] = i % BoxColumns::count == BoxColumns::label ? -1.0f : 0.0f;
  }
}

}  // namespace dl::cuda
