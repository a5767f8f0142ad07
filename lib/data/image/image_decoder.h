// What a library that decodes images gives. Decoders register themselves; where one is not built, stb's takes its
// files.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/data/image/image.h"
#include "lib/data/image/orientation.h"

namespace dl {

// Errors are Error(Exit::data) and name the file. Threads share a decoder.
class ImageDecoder {
 public:
  virtual ~ImageDecoder() = default;
  virtual std::string name() const = 0;
  // Of the names of its files, in small letters: ".png".
  virtual std::vector<std::string> extensions() const = 0;
  // Whether the file is of its format, by the first bytes.
  virtual bool recognises(std::string_view file) const = 0;
  // Of the image, from the header alone.
  virtual Pair size(const std::filesystem::path& path, std::string_view file) const = 0;
  // How the stored image stands (lib/data/orientation.h); all other sizes and windows here are of the stored image.
  virtual int orientation(std::string_view /*file*/) const { return as_stored; }
  // Of a value in the file; of 16 decode() gives the high ones.
  virtual int bits(std::string_view /*file*/) const { return 8; }  // an Error where its header is broken
  // The size in which it gives an image of size `found` that will be brought to size `wanted`.
  virtual Pair decoded_size(Pair found, Pair /*wanted*/) const { return found; }
  // Writes u8 [decoded.h, decoded.w, channels], channels 1 or 3; outside the window `needed` it need not. The window's
  // values, and whether the file is an error, do not depend on the window. The file's size has been checked against the
  // limits.
  virtual void decode(const std::filesystem::path& path, std::string_view file, Pair decoded, const ImageWindow& needed,
                      int channels, uint8_t* into) const = 0;
  // The whole image with 16 bits a value, u16 [decoded.h, decoded.w, channels]; of 8 bits in the file 257 times what
  // decode() gives, which this calls where a decoder has no more.
  virtual void decode_16(const std::filesystem::path& path, std::string_view file, Pair decoded, int channels,
                         uint16_t* into) const;
};

// Adds a decoder for its format; it lives as long as the program.
bool add_image_decoder(const ImageDecoder& decoder);
// The one for every other file.
const ImageDecoder& stb_decoder();

// The 32 bits of a number in a PNG.
inline uint32_t big_endian(const char* at) {
  const auto* b = reinterpret_cast<const unsigned char*>(at);
  return uint32_t{b[0]} << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

// What stands before a block of Exif in a JPEG, and sometimes in a WebP.
constexpr std::string_view exif_signature("Exif\0\0", 6);

[[noreturn]] void fail_image(const std::filesystem::path& path, std::string what, std::string help = {});

// That a file that begins as a PNG is whole and its sums are right: stb_image checks neither, and libpng's words for it
// name no place. Others are passed over.
void check_png(const std::filesystem::path& path, std::string_view file);

// The luma (77 R + 150 G + 29 B) / 256 of colours [pixels, 3].
template <class T>
void luma(const T* colours, int64_t pixels, T* into) {
  for (int64_t i = 0; i < pixels; ++i, colours += 3)
    into[i] = static_cast<T>((77 * colours[0] + 150 * colours[1] + 29 * colours[2]) >> 8);
}

}  // namespace dl

#define DL_IMAGE_DECODER(Type)  \
  static const Type the_##Type; \
  [[maybe_unused]] static const bool Type##_added = ::dl::add_image_decoder(the_##Type)
