// Masks: image files whose pixels are classes, each by its index in a PNG's palette or by its grey value.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "lib/data/image/image.h"

namespace dl {

struct Mask {
  Pair size;
  std::vector<uint16_t> values;  // [size.h, size.w]
};

// A PNG with a palette or grey values of 1 to 16 bits; or of 8 or 16 bits a PNG of colours, a BMP or a TIFF all of
// whose colours are grey. Alpha is left out. All else, and what is broken or over a limit, is an Error(Exit::data) that
// names the file.
Mask read_mask(const std::filesystem::path& path, const ImageLimits& limits = {});

}  // namespace dl
