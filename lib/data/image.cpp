// The only user of stb_image.
#include "lib/data/image.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"

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

[[noreturn]] void fail(const std::filesystem::path& path, std::string what, std::string help = {}) {
  throw Error(Exit::data, Problem{.where = {.file = path.string()}, .what = std::move(what), .help = std::move(help)});
}

uint32_t big_endian(const unsigned char* b) { return uint32_t{b[0]} << 24 | b[1] << 16 | b[2] << 8 | b[3]; }

constexpr std::string_view png_signature = "\x89PNG\r\n\x1a\n";

// stb_image checks neither the sums nor that a PNG is whole.
void check_png(const std::filesystem::path& path, const std::string& file) {
  constexpr size_t around = 12;  // length, name and sum of a chunk
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(file.data());
  if (!file.starts_with(png_signature)) return;
  for (size_t at = png_signature.size();;) {
    const size_t left = file.size() - at;
    const size_t length = left < around ? 0 : big_endian(bytes + at);
    if (left < around || left - around < length)
      fail(path, concat("expected a PNG to end with a chunk IEND, the file ends after ", file.size(), " bytes"),
           "get the file again: it is cut short");
    const std::string name = file.substr(at + 4, 4);
    if (::crc32(0, bytes + at + 4, static_cast<uInt>(length + 4)) != big_endian(bytes + at + 8 + length))
      fail(path, concat("the check sum of the PNG's chunk at byte ", at, " does not match its contents"),
           "get the file again");
    if (name == "IEND") return;
    at += length + around;
  }
}

void check_pixels(const std::filesystem::path& path, int64_t width, int64_t height, const ImageLimits& limits) {
  if (width > 0 && height > limits.pixels / width)
    fail(path, concat("its header says ", width, " x ", height, " pixels, the limit is ", limits.pixels),
         "raise 'max_pixels', or make the image smaller");
}

struct Header {
  int width = 0, height = 0, channels = 0;
};

Header read_header(const std::filesystem::path& path, const std::string& file, const ImageLimits& limits) {
  const auto* bytes = reinterpret_cast<const stbi_uc*>(file.data());
  Header header;
  if (file.empty()) fail(path, "expected an image, the file is empty");
  if (file.starts_with(png_signature) &&
      file.size() >= 24)  // stb_image does not know one that is too large for an image
    check_pixels(path, big_endian(bytes + 16), big_endian(bytes + 20), limits);
  decoder_budget_bytes = int64_t{16} << 20;
  if (!stbi_info_from_memory(bytes, static_cast<int>(file.size()), &header.width, &header.height, &header.channels))
    fail(path, concat("expected an image (PNG, JPEG, BMP, GIF, TGA or PNM), found none: ", stbi_failure_reason()));
  if (header.width < 1 || header.height < 1)
    fail(path, concat("expected an image with pixels, its header says ", header.width, " x ", header.height));
  check_pixels(path, header.width, header.height, limits);
  return header;
}

std::string read_whole(const std::filesystem::path& path, const ImageLimits& limits) {
  return read_file(path, static_cast<uint64_t>(std::min<int64_t>(limits.file_bytes, INT32_MAX)));
}

// The weights of one output coordinate.
struct Taps {
  int64_t first;
  std::vector<float> weights;
};

std::vector<Taps> triangle_taps(int64_t from, int64_t into) {
  const double scale = static_cast<double>(from) / static_cast<double>(into), reach = std::max(scale, 1.0);
  std::vector<Taps> all;
  for (int64_t i = 0; i < into; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - reach + 0.5));
    const int64_t end = std::min(from, static_cast<int64_t>(centre + reach + 0.5));
    Taps taps{first, {}};
    double sum = 0;
    for (int64_t j = first; j < end; ++j) {
      const double weight = std::max(0.0, 1 - std::abs((static_cast<double>(j) + 0.5 - centre) / reach));
      taps.weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float& weight : taps.weights) weight = static_cast<float>(weight / sum);
    all.push_back(std::move(taps));
  }
  return all;
}

}  // namespace

Pair image_size(const std::filesystem::path& path, const ImageLimits& limits) {
  const Header header = read_header(path, read_whole(path, limits), limits);
  return {header.height, header.width};
}

void read_image(const std::filesystem::path& path, Pair size, int channels, bool may_resize, std::byte* into,
                const ImageLimits& limits) {
  const std::string file = read_whole(path, limits);
  const Header header = read_header(path, file, limits);
  const Pair found(header.height, header.width);
  if (!may_resize && found != size)
    fail(path,
         concat("expected ", size.h, " x ", size.w, " pixels (height x width) as in the first image, found ", found.h,
                " x ", found.w),
         "write 'size: [HEIGHT, WIDTH]' to bring all images to one size");
  check_png(path, file);

  // Undecoded samples of 16 bits, decoded ones, and 8 bits in other channels: at most 32 bytes a pixel, plus tables.
  decoder_budget_bytes = found.h * found.w * 32 + (int64_t{16} << 20);
  int width = 0, height = 0, in_file = 0;
  const auto* bytes = reinterpret_cast<const stbi_uc*>(file.data());
  const std::unique_ptr<stbi_uc, decltype(&std::free)> pixels(
      stbi_load_from_memory(bytes, static_cast<int>(file.size()), &width, &height, &in_file, channels), &std::free);
  if (!pixels) fail(path, concat("the image cannot be decoded: ", stbi_failure_reason()), "get the file again");
  DL_CHECK(width == header.width && height == header.height, path, ": ", width, " x ", height);
  auto* out = reinterpret_cast<uint8_t*>(into);
  if (found == size) {
    std::memcpy(out, pixels.get(), static_cast<size_t>(size.h * size.w * channels));
  } else {
    resize_image(pixels.get(), found, channels, out, size);
  }
}

void resize_image(const uint8_t* from, Pair from_size, int channels, uint8_t* into, Pair into_size) {
  const int64_t row = into_size.w * channels;
  std::vector<float> narrow(static_cast<size_t>(from_size.h * row));  // resized in width only
  const std::vector<Taps> across = triangle_taps(from_size.w, into_size.w),
                          down = triangle_taps(from_size.h, into_size.h);
  for (int64_t y = 0; y < from_size.h; ++y)
    for (int64_t x = 0; x < into_size.w; ++x) {
      const Taps& taps = across[static_cast<size_t>(x)];
      for (int c = 0; c < channels; ++c) {
        const uint8_t* pixel = from + (y * from_size.w + taps.first) * channels + c;
        float sum = 0;
        for (float weight : taps.weights) sum += weight * *pixel, pixel += channels;
        narrow[static_cast<size_t>(y * row + x * channels + c)] = sum;
      }
    }
  std::vector<float> sums(static_cast<size_t>(row));
  for (int64_t y = 0; y < into_size.h; ++y) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    const float* source = narrow.data() + down[static_cast<size_t>(y)].first * row;
    for (float weight : down[static_cast<size_t>(y)].weights) {
      for (int64_t i = 0; i < row; ++i) sums[static_cast<size_t>(i)] += weight * source[i];
      source += row;
    }
    for (int64_t i = 0; i < row; ++i)
      into[y * row + i] = static_cast<uint8_t>(std::clamp(sums[static_cast<size_t>(i)] + 0.5f, 0.0f, 255.0f));
  }
}

}  // namespace dl
