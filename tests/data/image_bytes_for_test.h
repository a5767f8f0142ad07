// Image files of every format as bytes, and what reading them gives, for tests of decoders.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <array>

#include "lib/base/file.h"
#include "lib/data/image/image.h"
#include "tests/data/sets_for_test.h"
#include "tests/paths.h"

namespace dl::testing {

inline std::string format_file(const std::string& name) {
  return read_file(std::filesystem::path(dl::testing::source_dir()) / "tests/data/images" / name, 1 << 20);
}

inline bool format_is_built(const std::string& decoder) { return std::ranges::count(image_decoders(), decoder) > 0; }

inline std::vector<int> numbers(const std::string& bytes) {
  std::vector<int> values;
  for (char c : bytes) values.push_back(static_cast<uint8_t>(c));
  return values;
}

// The pixels of a file of these bytes, at the size that it has.
inline std::string pixels(const Folder& folder, const std::string& bytes, int channels) {
  folder.write("a", bytes);
  const Pair size = image_size(folder / "a");
  std::string found(static_cast<size_t>(size.h * size.w * channels), '\xEE');
  read_image(folder / "a", {.size = size, .channels = channels}, reinterpret_cast<std::byte*>(found.data()));
  return found;
}

// The same as numbers from 0 to 1.
inline std::vector<float> shares(const Folder& folder, const std::string& bytes, int channels) {
  folder.write("a", bytes);
  const Pair size = image_size(folder / "a");
  std::vector<float> found(static_cast<size_t>(size.h * size.w * channels), -1);
  read_image(folder / "a", {.size = size, .channels = channels, .dtype = DType::f32},
             reinterpret_cast<std::byte*>(found.data()));
  return found;
}
// Values of 16 bits as such numbers.
inline std::vector<float> shares_of(const std::vector<int>& values) {
  std::vector<float> shares;
  for (const int value : values) shares.push_back(static_cast<float>(value) / 65535);
  return shares;
}

// A PNG of 16 bits, grey or colours.
inline std::string png_16(uint32_t width, uint32_t height, bool colours, const std::vector<int>& values) {
  std::string rows;
  const size_t row = width * (colours ? 3 : 1);
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % row == 0) rows += '\0';
    rows += {static_cast<char>(values[i] >> 8), static_cast<char>(values[i])};
  }
  return "\x89PNG\r\n\x1a\n" +
         png_chunk("IHDR", big_endian(width) + big_endian(height) + std::string{16, colours ? '\2' : '\0', 0, 0, 0}) +
         png_chunk("IDAT", deflated(rows)) + png_chunk("IEND", "");
}

inline std::string refused(const Folder& folder, const std::string& bytes) {
  return error_text(folder, [&] { pixels(folder, bytes, 3); });
}

inline std::string little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value);
  return text;
}

// A TIFF directory whose entries are (tag, type, value), for a picture that stands behind it; of short values.
inline std::string tiff(const std::vector<std::array<uint32_t, 3>>& entries, const std::string& picture = {}) {
  const uint32_t at = static_cast<uint32_t>(8 + 2 + entries.size() * 12 + 4);
  std::string bytes = std::string("II*\0", 4) + little(8, 4) + little(entries.size(), 2);
  for (const auto& [tag, type, value] : entries)
    bytes += little(tag, 2) + little(type, 2) + little(1, 4) + little(tag == 273 || tag == 324 ? at : value, 4);
  return bytes + little(0, 4) + picture;
}
inline std::string exif(int orientation) { return tiff({{0x0112, 3, static_cast<uint32_t>(orientation)}}); }
// One strip of grey values, or of colours.
inline std::string tiff_image(uint32_t width, uint32_t height, uint32_t samples, uint32_t bits,
                              const std::string& values, uint32_t orientation = 1) {
  return tiff({{256, 3, width},
               {257, 3, height},
               {258, 3, bits},
               {259, 3, 1},
               {262, 3, samples == 1 ? 1u : 2u},
               {273, 4, 0},
               {274, 3, orientation},
               {277, 3, samples},
               {278, 3, height},
               {279, 4, static_cast<uint32_t>(values.size())}},
              values);
}

// A JPEG with a segment of Exif behind its first marker.
inline std::string jpeg_with(const std::string& jpeg, const std::string& block) {
  const std::string body = std::string("Exif\0\0", 6) + block;
  const size_t length = body.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) + static_cast<char>(length) + body +
         jpeg.substr(2);
}
inline std::string png_with(const std::string& whole, const std::string& block) {
  return whole.substr(0, 33) + png_chunk("eXIf", block) + whole.substr(33);
}
// A WebP of 18 x 13 in the form that has room for Exif.
inline std::string webp_with(const std::string& webp, const std::string& block) {
  const std::string body = "WEBPVP8X" + little(10, 4) + std::string("\x08\0\0\0", 4) + little(17, 3) + little(12, 3) +
                           webp.substr(12) + "EXIF" + little(block.size(), 4) + block;
  return "RIFF" + little(body.size(), 4) + body;
}

}  // namespace dl::testing
