// Images as PNG files.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>

#include "lib/graph/type.h"

namespace dl {

// An image [height, width, 1 or 3] of 8 bits a channel; of floats the least becomes 0 and the largest 255.
std::string png_of(const std::byte* values, const Type& type);

}  // namespace dl
