// How a camera was held: pictures are stored as the sensor has them, with a note of how they stand upright.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string_view>

#include "lib/data/image/resize.h"
#include "lib/graph/boxes.h"

namespace dl {

// The tag Orientation of TIFF 6.0 and Exif 2.3 (CIPA DC-008), 1 … 8: where the stored first row and first column stand.
// 1 is as it is stored, 2 mirrored, 3 turned by 180°, 4 upside down, 5 transposed, 6 to be turned clockwise, 7
// transposed the other way, 8 to be turned counter-clockwise.
constexpr int as_stored = 1;

// Of a block of Exif, which begins as a TIFF file does; `as_stored` where it says none or is broken.
int exif_orientation(std::string_view tiff);

// The upright size of a stored one, and the stored size of an upright one: both are the same exchange.
Pair upright(Pair size, int orientation);

// Where an upright image's window stands in the stored image.
ImageWindow stored_window(const ImageWindow& window, Pair stored, int orientation);

// Where the stored image's box stands in the upright one.
Box upright_box(const Box& box, Pair stored, int orientation);

// Writes the window of the upright image u8 [height, width, channels]; the rest of `into` is left as it is.
void turn_upright(const uint8_t* image, Pair stored, int channels, int orientation, const ImageWindow& window,
                  uint8_t* into);

}  // namespace dl
