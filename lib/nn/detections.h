// What a detector's head gives for each anchor, and the boxes that follow from it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "lib/graph/ops.h"
#include "lib/spec/units.h"

namespace dl {

// The columns of a prediction [batch, anchors, 11 + classes], all that is known of an anchor in a row: its box, left,
// top, right and bottom in pixels of the image; the image's width and height; how the box that is seen there differs;
// one value a class before a softmax, the first that there is none.
struct AnchorColumns {
  static constexpr int64_t anchor = 0, image = 4, offsets = 6, scores = 10, besides_classes = 11;
};

// f32 [batch, anchors, 6]: the first columns, of anchors of these sizes (height and width in pixels) around the middle
// of each place of a feature map of an image.
Value anchor_columns(Graph& g, int64_t batch, Pair image, Pair map, std::span<const Pair> sizes);

// A prediction's parts; another shape is a ShapeError.
struct Anchored {
  Value anchor, image, offsets, scores;  // [batch, anchors, 4], [.., 2], [.., 4], [.., 1 + classes]
};
Anchored anchored(Value prediction);

// How boxes differ from anchors, and the boxes that differ so: with centres and sizes (x, y, w, h)
// 10 (x - x_a) / w_a, 10 (y - y_a) / h_a, 5 log(w / w_a), 5 log(h / h_a), as Faster R-CNN's (Girshick 2013,
// arXiv:1311.2524, appendix C) divided by the deviations 0.1 and 0.2. [batch, anchors, 4] each. Boxes without an area
// have the offsets of ones of the anchor's size.
Value offsets_of(Value boxes, Value anchors);
// Cut off at the image's edges; sizes are bounded by 62.5 times the anchor's.
Value boxes_at(const Anchored& parts);

}  // namespace dl
