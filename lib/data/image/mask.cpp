// Decoding a PNG to the numbers that it stores, which decoders of pictures turn into colours.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/mask.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/data/image/image_decoder.h"

namespace dl {
namespace {

constexpr size_t signature_bytes = 8, header_bytes = 33;

struct MaskHeader {
  int64_t w, h;
  int depth, channels;
  int64_t row_bytes() const { return (w * depth * channels + 7) / 8; }
};

[[noreturn]] void fail_mask(const std::filesystem::path& path, const std::string& found) {
  fail_image(path, "expected a mask, a PNG with a palette or grey values, or these as BMP or TIFF, found " + found,
             "save it with the number of its class as each pixel's value, as Pillow's modes P and L do");
}

bool is_png(std::string_view file) { return file.starts_with("\x89PNG\r\n\x1a\n"); }

// Whether its values are those that a decoder of pictures gives: colours that may all be grey, as what is saved of
// arrays of three equal channels has, of formats without loss that have no other numbers; and grey values of a PNG
// whose rows are interlaced.
bool may_be_grey_colours(std::string_view file) {
  if (is_png(file)) {
    if (file.size() < header_bytes) return false;
    const bool colours = file[25] == 2 || file[25] == 6, grey = file[25] == 0 || file[25] == 4;
    return colours || (grey && file[24] >= 8 && file[28] == 1);
  }
  return file.starts_with("BM") || file.starts_with(std::string_view("II*\0", 4)) ||
         file.starts_with(std::string_view("MM\0*", 4));
}

Mask read_grey_colours(const std::filesystem::path& path, std::string_view file, const ImageLimits& limits) {
  const int bits = image_bits(path, file);
  if (bits != 8 && bits != 16) fail_mask(path, "values of " + count_of(bits, "bit"));
  const Pair size = image_size(path, file, limits);
  std::vector<float> values(static_cast<size_t>(size.h * size.w * 3));
  decode_image(path, file, {.size = size, .dtype = DType::f32}, whole_image(size), size,
               reinterpret_cast<std::byte*>(values.data()), limits);
  Mask mask{.size = size};
  mask.values.reserve(values.size() / 3);
  for (size_t i = 0; i < values.size(); i += 3) {
    if (values[i] != values[i + 1] || values[i] != values[i + 2]) fail_mask(path, "colours");
    mask.values.push_back(static_cast<uint16_t>(std::lround(values[i] * (bits == 16 ? 65535.0f : 255.0f))));
  }
  return mask;
}

MaskHeader read_mask_header(const std::filesystem::path& path, const std::string& file, const ImageLimits& limits) {
  if (!is_png(file)) fail_mask(path, file.empty() ? "an empty file" : "another kind of file");
  check_png(path, file);
  if (file.size() < header_bytes || file.substr(12, 4) != "IHDR") fail_mask(path, "a PNG without a header");
  const MaskHeader header{.w = big_endian(file.data() + 16),
                          .h = big_endian(file.data() + 20),
                          .depth = static_cast<unsigned char>(file[24]),
                          .channels = file[25] == 4 ? 2 : 1};
  if (file[25] != 0 && file[25] != 3 && file[25] != 4) fail_mask(path, "colours");
  if (const int d = header.depth; d != 1 && d != 2 && d != 4 && d != 8 && d != 16)
    fail_mask(path, concat("values of ", d, " bits"));
  if (header.w < 1 || header.h < 1 || header.h > limits.pixels / header.w)
    fail_image(path, concat("its header says ", header.w, " x ", header.h, " pixels, the limit is ", limits.pixels),
               "raise 'max_pixels', or make the image smaller");
  if (file[28] != 0) fail_image(path, "the mask is interlaced, which is not read", "save it without interlacing");
  return header;
}

// The chunks IDAT, decompressed: [h, 1 + row_bytes].
std::string inflated(const std::filesystem::path& path, const std::string& file, const MaskHeader& header) {
  std::string packed;
  for (size_t at = signature_bytes; at + 12 <= file.size();) {  // check_png() has seen that they are whole
    const size_t length = big_endian(file.data() + at);
    if (file.compare(at + 4, 4, "IDAT") == 0) packed.append(file, at + 8, length);
    at += length + 12;
  }
  std::string rows(static_cast<size_t>(header.h * (1 + header.row_bytes())), '\0');
  uLongf bytes = rows.size();
  const int result = ::uncompress(reinterpret_cast<Bytef*>(rows.data()), &bytes,
                                  reinterpret_cast<const Bytef*>(packed.data()), static_cast<uLong>(packed.size()));
  if (result != Z_OK || bytes != rows.size())
    fail_image(path, "the PNG's pixels cannot be decompressed to as many as its header says", "get the file again");
  return rows;
}

// Takes the filters off (PNG specification, 9.2), row by row.
void unfilter(const std::filesystem::path& path, std::string& rows, const MaskHeader& header) {
  const auto row_bytes = static_cast<size_t>(header.row_bytes());
  const size_t pixel = static_cast<size_t>(std::max(1, header.depth * header.channels / 8));
  const std::string zeros(row_bytes, '\0');
  const auto* above = reinterpret_cast<const unsigned char*>(zeros.data());
  for (int64_t y = 0; y < header.h; ++y) {
    auto* row = reinterpret_cast<unsigned char*>(rows.data()) + static_cast<size_t>(y) * (1 + row_bytes) + 1;
    const int filter = row[-1];
    if (filter > 4) fail_image(path, concat("row ", y, " of the PNG has the filter ", filter), "get the file again");
    for (size_t i = 0; i < row_bytes && filter > 0; ++i) {
      const int a = i >= pixel ? row[i - pixel] : 0, b = above[i], c = i >= pixel ? above[i - pixel] : 0;
      const int pa = std::abs(b - c), pb = std::abs(a - c), pc = std::abs(a + b - 2 * c);
      const int predicted = filter == 1   ? a
                            : filter == 2 ? b
                            : filter == 3 ? (a + b) / 2
                                          : (pa <= pb && pa <= pc ? a
                                             : pb <= pc           ? b
                                                                  : c);
      row[i] = static_cast<unsigned char>(row[i] + predicted);
    }
    above = row;
  }
}

}  // namespace

Mask read_mask(const std::filesystem::path& path, const ImageLimits& limits) {
  const std::string file = read_file(path, static_cast<uint64_t>(std::min<int64_t>(limits.file_bytes, INT32_MAX)));
  if (may_be_grey_colours(file)) return read_grey_colours(path, file, limits);
  const MaskHeader header = read_mask_header(path, file, limits);
  std::string rows = inflated(path, file, header);
  unfilter(path, rows, header);
  Mask mask{.size = {header.h, header.w}};
  mask.values.reserve(static_cast<size_t>(header.h * header.w));
  const int depth = header.depth, in_byte = std::max(1, 8 / depth);
  for (int64_t y = 0; y < header.h; ++y) {
    const auto* row = reinterpret_cast<const unsigned char*>(rows.data()) + y * (1 + header.row_bytes()) + 1;
    for (int64_t x = 0; x < header.w; ++x) {
      const int64_t at = x * header.channels;
      if (depth == 16)
        mask.values.push_back(static_cast<uint16_t>(row[2 * at] << 8 | row[2 * at + 1]));
      else if (depth == 8)
        mask.values.push_back(row[at]);
      else
        mask.values.push_back(
            static_cast<uint16_t>(row[at / in_byte] >> (8 - depth * (1 + at % in_byte)) & ((1 << depth) - 1)));
    }
  }
  return mask;
}

}  // namespace dl
