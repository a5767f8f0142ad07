// Several views of each sample outside training, whose predictions are averaged: the image mirrored, its corners.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

// What of the image is seen: one of its corners, or what transforms give outside training; then mirrored.
struct TestView {
  int corner = 0;  // 1 to 4: top left, top right, bottom left, bottom right; 0: none of them
  bool left_right = false, up_down = false;
};

// By the names in a spec: each of "horizontal_flip", "vertical_flip" doubles the views, "five_crop" has the four
// corners beside what there is, "ten_crop" is five_crop and horizontal_flip. The plain view is the first.
std::vector<TestView> test_views(const std::vector<std::string>& names);

// The set with its image "x", f32 [height, width, channels], as its views: f32 [views, height, width, channels].
DatasetPointer viewed(DatasetPointer data, const std::vector<TestView>& views);

}  // namespace dl
