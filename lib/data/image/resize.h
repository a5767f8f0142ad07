// Bringing images to another size.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

#include "lib/data/image/image_type.h"
#include "lib/spec/units.h"

namespace dl {

// A part of an image.
struct ImageWindow {
  int64_t top, left, h, w;
  bool operator==(const ImageWindow&) const = default;
};
inline ImageWindow whole_image(Pair image) { return {0, 0, image.h, image.w}; }

// The window of an image [from.h, from.w, from.c] of u8 or f32 brought to a size. Bilinear, with the filter widened
// where the image shrinks, as Pillow and torchvision's antialias=True do: output pixel i is the mean of the window
// around (i + 0.5) s - 0.5, s = window size / output size, weighted by a triangle that reaches max(s, 1) to either
// side. Bytes are rounded to the nearest. After a thread's first calls it allocates nothing.
void resize_window(const std::byte* image, DType dtype, const ImageType& from, const ImageWindow& window,
                   std::byte* into, Pair into_size);

}  // namespace dl
