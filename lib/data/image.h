// Image files: looked at by their header, then decoded within bounds.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "lib/spec/units.h"

namespace dl {

struct ImageLimits {
  int64_t pixels = int64_t{64} << 20;
  int64_t file_bytes = int64_t{256} << 20;
};

// PNG, JPEG, BMP, GIF (its first picture), TGA and PNM, told by their contents. Everything that is no image of these,
// broken or over a limit is an Error(Exit::data) that names the file; what cannot be opened an Error(Exit::io).
Pair image_size(const std::filesystem::path& path, const ImageLimits& limits = {});

// Writes the image as u8 [size.h, size.w, channels]: with 1 channel its luma (77 R + 150 G + 29 B) / 256, with 3 its
// colours, without alpha. One of another size is stretched (resize_image) or, with `may_resize` false, an Error that
// names both sizes.
void read_image(const std::filesystem::path& path, Pair size, int channels, bool may_resize, std::byte* into,
                const ImageLimits& limits = {});

// Bilinear, with the filter widened where the image shrinks, as Pillow and torchvision's antialias=True do: output
// pixel i is the mean of the input around (i + 0.5) s - 0.5, s = input size / output size, weighted by a triangle that
// reaches max(s, 1) to either side.
void resize_image(const uint8_t* from, Pair from_size, int channels, uint8_t* into, Pair into_size);

}  // namespace dl
