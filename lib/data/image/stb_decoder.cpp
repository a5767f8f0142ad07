// BMP, GIF and TGA, and JPEG and PNG where the build has no library for them (STBI_ONLY_JPEG, STBI_ONLY_PNG by CMake):
// its decoder of JPEG writes out of bounds on some broken files. The only user of stb_image.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/image/image_decoder.h"

namespace {

// Bytes that decoding one image may still take. A small header can stand before gigabytes of compressed zeros, and the
// decoder believes the zeros.
thread_local int64_t decoder_budget_bytes = 0;

void* budgeted_realloc(void* memory, size_t old_bytes, size_t new_bytes) {
  decoder_budget_bytes -= static_cast<int64_t>(new_bytes) - static_cast<int64_t>(old_bytes);
  return decoder_budget_bytes < 0 ? nullptr : std::realloc(memory, new_bytes);
}

}  // namespace

#define STBI_MALLOC(bytes) budgeted_realloc(nullptr, 0, bytes)
#define STBI_REALLOC_SIZED(memory, old_bytes, new_bytes) budgeted_realloc(memory, old_bytes, new_bytes)
#define STBI_FREE(memory) std::free(memory)
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_FAILURE_USERMSG
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wshadow"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace dl {
namespace {

const stbi_uc* bytes_of(std::string_view file) { return reinterpret_cast<const stbi_uc*>(file.data()); }

// A GIF whose first picture has no transparent colour: the library makes such pixels black, where other decoders that
// leave out alpha give the palette's colour. Blocks as in GIF89a; other files come back as they are.
std::string without_transparency(std::string_view file) {
  std::string gif(file);
  if (!gif.starts_with("GIF8") || gif.size() < 13) return gif;
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(gif[at]); };
  const int screen = byte(10);
  size_t at = 13 + (screen & 0x80 ? size_t{6} << (screen & 7) : 0);
  while (at + 4 < gif.size() && byte(at) == 0x21) {
    if (byte(at + 1) == 0xF9) gif[at + 3] = static_cast<char>(byte(at + 3) & ~1);
    at += 2;
    while (at < gif.size() && byte(at) > 0) at += 1 + byte(at);
    ++at;
  }
  return gif;
}

class StbDecoder final : public ImageDecoder {
 public:
  std::string name() const override { return "stb_image"; }
  std::vector<std::string> extensions() const override {
    return {".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tga"};
  }
  bool recognises(std::string_view) const override { return true; }

  Pair size(const std::filesystem::path& path, std::string_view file) const override {
    int width = 0, height = 0, channels = 0;
    decoder_budget_bytes = int64_t{16} << 20;
    if (!stbi_info_from_memory(bytes_of(file), static_cast<int>(file.size()), &width, &height, &channels))
      fail_image(path, concat("expected an image (", join(image_formats()), "), found none: ", stbi_failure_reason()));
    return {height, width};
  }

  void decode(const std::filesystem::path& path, std::string_view file, Pair decoded, const ImageWindow& /*needed*/,
              int channels, uint8_t* into) const override {
    decode_values(path, file, decoded, channels, into, stbi__load_and_postprocess_8bit);
  }
  void decode_16(const std::filesystem::path& path, std::string_view file, Pair decoded, int channels,
                 uint16_t* into) const override {
    decode_values(path, file, decoded, channels, into, stbi__load_and_postprocess_16bit);
  }

 private:
  template <class T>
  static void decode_values(const std::filesystem::path& path, std::string_view file, Pair decoded, int channels,
                            T* into, T* (*load)(stbi__context*, int*, int*, int*, int)) {
    // Undecoded samples of 16 bits, decoded ones, and 8 bits in other channels: at most 32 bytes a pixel, plus tables.
    decoder_budget_bytes = decoded.h * decoded.w * 32 + (int64_t{16} << 20);
    // The library reads zeros behind the file's end and says nothing: with zeros there it tells how far it has read.
    std::string opaque = without_transparency(file);
    opaque.resize(file.size() + static_cast<size_t>(decoded.w * 4) + 1024);  // more than it reads at once
    stbi__g_failure_reason = "";
    stbi__context reading;
    stbi__start_mem(&reading, bytes_of(opaque), static_cast<int>(opaque.size()));
    int width = 0, height = 0, in_file = 0;
    const std::unique_ptr<T, decltype(&std::free)> pixels(load(&reading, &width, &height, &in_file, channels),
                                                          &std::free);
    if (reading.img_buffer > bytes_of(opaque) + file.size())
      fail_image(path, concat("the image goes on behind the file's end, after ", file.size(), " bytes"),
                 "get the file again: it is cut short");
    if (!pixels) {
      const std::string_view why = stbi_failure_reason();  // none of a GIF that ends before its first picture
      fail_image(path, concat("the image cannot be decoded: ", why.empty() ? "it has no picture" : why),
                 "get the file again");
    }
    DL_CHECK(width == decoded.w && height == decoded.h, path, ": ", width, " x ", height);
    std::memcpy(into, pixels.get(), static_cast<size_t>(decoded.h * decoded.w * channels) * sizeof(T));
  }
};

}  // namespace

const ImageDecoder& stb_decoder() {
  static const StbDecoder decoder;
  return decoder;
}

}  // namespace dl
