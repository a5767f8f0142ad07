// Boxes follow their image: what moves its places moves their corners.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "lib/data/transform.h"

namespace dl {

// Adds to a step that leaves an image of `size` what it does to the boxes on that image, where the samples have any:
// the box around the moved corners, cut off at the image's edges; those of which less than a pixel is left in width or
// height are removed, and later ones take their rows (torchvision's SanitizeBoundingBoxes with min_size 1).
// What it does to points is known from then on, whether there are boxes or not.
void move_boxes(TransformStep& step, std::span<const SampleField> fields, Pair size, MovePoints move);

}  // namespace dl
