// BMP, GIF, TGA and PNM, and what no other decoder takes. The only user of stb_image.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "lib/base/error.h"
#include "lib/data/image_decoder.h"

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
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_ONLY_TGA
#define STBI_ONLY_PNM
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

class StbDecoder final : public ImageDecoder {
 public:
  std::string name() const override { return "stb_image"; }
  bool recognises(std::string_view) const override { return true; }

  Pair size(const std::filesystem::path& path, std::string_view file) const override {
    int width = 0, height = 0, channels = 0;
    decoder_budget_bytes = int64_t{16} << 20;
    if (!stbi_info_from_memory(bytes_of(file), static_cast<int>(file.size()), &width, &height, &channels))
      fail_image(path,
                 concat("expected an image (PNG, JPEG, BMP, GIF, TGA or PNM), found none: ", stbi_failure_reason()));
    return {height, width};
  }

  void decode(const std::filesystem::path& path, std::string_view file, Pair decoded, const ImageWindow& /*needed*/,
              int channels, uint8_t* into) const override {
    // Undecoded samples of 16 bits, decoded ones, and 8 bits in other channels: at most 32 bytes a pixel, plus tables.
    decoder_budget_bytes = decoded.h * decoded.w * 32 + (int64_t{16} << 20);
    int width = 0, height = 0, in_file = 0;
    const std::unique_ptr<stbi_uc, decltype(&std::free)> pixels(
        stbi_load_from_memory(bytes_of(file), static_cast<int>(file.size()), &width, &height, &in_file, channels),
        &std::free);
    if (!pixels) fail_image(path, concat("the image cannot be decoded: ", stbi_failure_reason()), "get the file again");
    DL_CHECK(width == decoded.w && height == decoded.h, path, ": ", width, " x ", height);
    std::memcpy(into, pixels.get(), static_cast<size_t>(decoded.h * decoded.w * channels));
  }
};

}  // namespace

const ImageDecoder& stb_decoder() {
  static const StbDecoder decoder;
  return decoder;
}

}  // namespace dl
