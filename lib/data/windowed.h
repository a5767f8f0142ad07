// Sets of images that can give a window of one without making the whole.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/dataset.h"
#include "lib/data/image/resize.h"

namespace dl {

class Windowed {
 public:
  virtual ~Windowed() = default;
  // As Dataset::get(), but for "x", images u8 or f32 [height, width, channels], the window of the image brought to
  // `size`.
  virtual void get_window(int64_t index, const ImageWindow& window, Pair size, Sample& into) const = 0;
};

// The same of any set with such an "x": where it is not Windowed the window is cut out of the whole image.
void get_window(const Dataset& data, int64_t index, const ImageWindow& window, Pair size, Sample& into);
// That always.
void window_of_whole(const Dataset& data, int64_t index, const ImageWindow& window, Pair size, Sample& into);

}  // namespace dl
