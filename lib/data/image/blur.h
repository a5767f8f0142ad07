// Images blurred and sharpened.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "lib/data/image/image_type.h"

namespace dl {

// exp(-t^2 / (2 sigma^2)) at so many places around the middle, an odd number; the sum is 1.
std::vector<float> gaussian(int64_t size, double sigma);

// The mean of the places around each by weights `down` and `across`, odd numbers of them, less than twice the image's
// height and width: it is mirrored at its edges, which are not repeated. u8 or f32 [h, w, c]; bytes are rounded.
void blur(const std::byte* in, DType dtype, const ImageType& type, std::span<const float> down,
          std::span<const float> across, std::byte* out);

// factor x + (1 - factor) blurred x, where the mean around a place has itself five times; the outermost places stay.
// 0 blurs, 1 changes nothing, 2 sharpens: torchvision's adjust_sharpness.
void sharpen(const std::byte* in, DType dtype, const ImageType& type, float factor, std::byte* out);

}  // namespace dl
