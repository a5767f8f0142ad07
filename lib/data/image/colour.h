// Images whose colours are changed: bytes 0 … 255, or numbers from 0 to 1, [h, w, c] each. The formulas are those of
// torchvision's functional transforms, which leave a number where it is cut off.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

#include "lib/data/image/image_type.h"

namespace dl {

// How colours are changed. `strength` is what the name beside it says.
enum class ColourChange {
  brightness,    // x strength
  contrast,      // x strength + m (1 - strength), m the mean of the image's grey
  saturation,    // x strength + g (1 - strength), g the place's grey
  hue,           // turned by `strength` of the circle of colours, -0.5 … 0.5
  grayscale,     // all channels the grey, .2989 R + .587 G + .114 B
  invert,        // the largest - x
  posterize,     // the first `strength` bits; bytes alone
  solarize,      // inverted from `strength` of the largest on, 0 … 1
  autocontrast,  // each channel's least and largest become 0 and the largest
  equalize,      // so that each channel's values are about equally frequent; bytes alone
};

// Whether it needs three channels to change anything, as saturation does.
bool of_colours(ColourChange change);
bool of_bytes(ColourChange change);

void change_colours(ColourChange change, float strength, const std::byte* in, DType dtype, const ImageType& type,
                    std::byte* out);

}  // namespace dl
