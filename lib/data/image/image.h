// Image files: looked at by their header, then decoded within bounds.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/image/resize.h"
#include "lib/spec/units.h"

namespace dl {

struct ImageLimits {
  int64_t pixels = int64_t{64} << 20;
  int64_t file_bytes = int64_t{256} << 20;
};

// PNG, JPEG, BMP, GIF, TGA, PNM, and where they were built WebP and TIFF, told by their contents; of several pictures
// in one file the first. They stand upright, as their Exif says. Everything that is no image of these, broken or over a
// limit is an Error(Exit::data) that names the file; what cannot be opened an Error(Exit::io).
Pair image_size(const std::filesystem::path& path, const ImageLimits& limits = {});

// What images are brought to: [size.h, size.w, channels], with 1 channel the luma (77 R + 150 G + 29 B) / 256, with
// 3 the colours. Alpha is left out: what is transparent has the colour that is stored there. As u8 they have of 16 bits
// the high ones, as f32 all, divided by the largest value, so that they are from 0 to 1. One of another size is
// stretched (lib/data/resize.h) or, with `may_resize` false, an Error that names both sizes. A JPEG that is to shrink
// is decoded at 1/2, 1/4 or 1/8, the smallest that is not below `size`, before it is resized.
struct ImageForm {
  Pair size;
  int channels = 3;
  bool may_resize = false;
  DType dtype = DType::u8;  // or f32
};
void read_image(const std::filesystem::path& path, const ImageForm& form, std::byte* into,
                const ImageLimits& limits = {});

// The window of the image in that form, brought to `size`: the same bytes and the same errors as if it were cut out of
// what read_image() gives, but only what the window needs is decoded where the format allows that.
void read_image_window(const std::filesystem::path& path, const ImageForm& form, const ImageWindow& window, Pair size,
                       std::byte* into, const ImageLimits& limits = {});

// Both of an image that is in memory; `path` is for messages.
Pair image_size(const std::filesystem::path& path, std::string_view file, const ImageLimits& limits = {});
void decode_image(const std::filesystem::path& path, std::string_view file, const ImageForm& form,
                  const ImageWindow& window, Pair size, std::byte* into, const ImageLimits& limits = {});

// How an image that is in memory is stored, by its header: the size that its pixels have in the file, and how they are
// to be turned (lib/data/image/orientation.h).
struct StoredImage {
  Pair size;
  int orientation = 1;
};
StoredImage stored_image(const std::filesystem::path& path, std::string_view file, const ImageLimits& limits = {});

// The bits of a value in the file, of which f32 keeps 16; 8 of a file that is broken.
int image_bits(const std::filesystem::path& path, const ImageLimits& limits = {});
int image_bits(const std::filesystem::path& path, std::string_view file);

// A warning where images have 16 bits a value and use so few of them that little is left of their high bytes, as of
// numbers of 10 or 12 bits; `file` gives the bytes of one of so many, of which a few are looked at.
std::vector<Problem> depth_doubts(const std::filesystem::path& of, const ImageLimits& limits, int64_t images,
                                  const std::function<std::string(int64_t)>& file);
// The same of files by their paths.
std::vector<Problem> depth_doubts_of_files(const std::filesystem::path& of, const ImageLimits& limits, int64_t images,
                                           const std::function<std::filesystem::path(int64_t)>& path);

// The formats that this build decodes, by their extensions without the dot, sorted: "bmp", "gif", "jpeg".
std::vector<std::string> image_formats();

// What decodes, by name, sorted: PNM and stb_image always, libjpeg-turbo, libpng, libtiff and libwebp where they were
// there to build with.
std::vector<std::string> image_decoders();

}  // namespace dl
