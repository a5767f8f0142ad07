// PNG (ISO/IEC 15948): its signature, a header, the rows compressed by zlib, an end.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/write_png.h"

#include <zlib.h>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace dl {
namespace {

std::string big_endian(uint64_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

// Length, name, contents, and the sum of both.
std::string chunk(const std::string& name, const std::string& contents) {
  const std::string summed = name + contents;
  const uint64_t sum = crc32_z(0, reinterpret_cast<const Bytef*>(summed.data()), summed.size());
  return big_endian(contents.size()) + summed + big_endian(sum);
}

std::string deflated(const std::string& text) {
  std::string out(compressBound(text.size()), '\0');
  uLongf bytes = out.size();
  const int result = compress2(reinterpret_cast<Bytef*>(out.data()), &bytes,
                               reinterpret_cast<const Bytef*>(text.data()), text.size(), Z_BEST_COMPRESSION);
  DL_CHECK(result == Z_OK, "zlib's compress2 returned ", result);
  out.resize(bytes);
  return out;
}

}  // namespace

std::string png_of(Pair size, int channels, std::span<const uint8_t> pixels) {
  DL_CHECK((channels == 1 || channels == 3) && std::ssize(pixels) == size.h * size.w * channels, channels, ", ",
           pixels.size());
  const auto row = static_cast<size_t>(size.w * channels);
  std::string rows;
  for (size_t y = 0; y < static_cast<size_t>(size.h); ++y) {
    rows += '\0';  // the row as it is, no filter
    rows.append(reinterpret_cast<const char*>(pixels.data()) + y * row, row);
  }
  const char depth_and_colour[] = {8, static_cast<char>(channels == 3 ? 2 : 0), 0, 0, 0};
  const std::string header = big_endian(static_cast<uint64_t>(size.w)) + big_endian(static_cast<uint64_t>(size.h)) +
                             std::string(depth_and_colour, sizeof depth_and_colour);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", deflated(rows)) + chunk("IEND", "");
}

void write_png(const std::filesystem::path& path, Pair size, int channels, std::span<const uint8_t> pixels) {
  write_file_atomic(path, png_of(size, channels, pixels));
}

}  // namespace dl
