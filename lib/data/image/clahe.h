// Contrast limited adaptive histogram equalization (Zuiderveld 1994, Graphics Gems IV), as OpenCV counts it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/data/image/image_type.h"
#include "lib/spec/units.h"

namespace dl {

// Each channel of bytes [h, w, c] by itself: the histogram of each tile of the grid is made flat, no value counting for
// more than `clip_limit` times its even share, and between the tiles' centres it is as they say, mixed.
void equalize_tiles(const uint8_t* in, const ImageType& type, double clip_limit, Pair grid, uint8_t* out);

}  // namespace dl
