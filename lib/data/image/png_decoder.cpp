// PNG through libpng: values as they are stored, brought to 8 or 16 bits, without alpha and without correction of
// gamma.
// SPDX-License-Identifier: Apache-2.0
#include <png.h>

#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/image/image_decoder.h"

namespace dl {
namespace {

constexpr size_t png_header_bytes = 33;  // the signature and the chunk IHDR

// A reading whose errors jump to png's jump buffer. The library is C: nothing with a destructor may be made on the way.
struct PngReading {
  std::string_view file;
  size_t at = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  char why[128] = {};

  explicit PngReading(std::string_view bytes) : file(bytes) {
    png = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp p, png_const_charp message) {
          auto& self = *static_cast<PngReading*>(png_get_error_ptr(p));
          std::snprintf(self.why, sizeof self.why, "%s", message);
          png_longjmp(p, 1);
        },
        [](png_structp, png_const_charp) {});
    if (png) info = png_create_info_struct(png);
    DL_CHECK(info, "no memory for libpng");
  }
  ~PngReading() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReading(const PngReading&) = delete;
  PngReading& operator=(const PngReading&) = delete;

  void start(Pair size) {
    png_set_read_fn(png, this, [](png_structp p, png_bytep into, size_t bytes) {
      auto& self = *static_cast<PngReading*>(png_get_io_ptr(p));
      if (self.file.size() - self.at < bytes) png_error(p, "the file ends too early");
      std::memcpy(into, self.file.data() + self.at, bytes);
      self.at += bytes;
    });
    png_set_user_limits(png, static_cast<png_uint_32>(size.w), static_cast<png_uint_32>(size.h));
    png_set_chunk_malloc_max(png, 8 << 20);
    png_set_chunk_cache_max(png, 64);
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);  // image.cpp has compared the sums
    png_read_info(png, info);
  }
};

class PngDecoder final : public ImageDecoder {
 public:
  std::string name() const override { return "libpng"; }
  std::vector<std::string> extensions() const override { return {".png"}; }
  bool recognises(std::string_view file) const override { return file.starts_with("\x89PNG\r\n\x1a\n"); }

  int orientation(std::string_view file) const override {
    constexpr size_t around = 12;  // length, name and sum of a chunk
    for (size_t at = 8; at + around <= file.size(); at += around + big_endian(file.data() + at))
      if (file.substr(at + 4, 4) == "eXIf") return exif_orientation(file.substr(at + 8, big_endian(file.data() + at)));
    return as_stored;
  }

  Pair size(const std::filesystem::path& path, std::string_view file) const override {
    if (file.size() < png_header_bytes || file.substr(12, 4) != "IHDR")
      fail_image(path, concat("expected a PNG's header, found none in the file's ", file.size(), " bytes"));
    return {big_endian(file.data() + 20), big_endian(file.data() + 16)};
  }

  int bits(std::string_view file) const override { return file.size() < png_header_bytes ? 8 : file[24]; }

  void decode(const std::filesystem::path& path, std::string_view file, Pair decoded, const ImageWindow& /*needed*/,
              int channels, uint8_t* into) const override {
    decode_values(path, file, decoded, channels, into);
  }
  void decode_16(const std::filesystem::path& path, std::string_view file, Pair decoded, int channels,
                 uint16_t* into) const override {
    decode_values(path, file, decoded, channels, into);
  }

 private:
  template <class T>
  static void decode_values(const std::filesystem::path& path, std::string_view file, Pair decoded, int channels,
                            T* into) {
    const bool is_grey = !(file[25] & PNG_COLOR_MASK_COLOR);
    const bool to_luma = channels == 1 && !is_grey;
    const int64_t row = decoded.w * (to_luma ? 3 : channels);
    std::vector<T> colours(to_luma ? static_cast<size_t>(decoded.h * row) : 0);
    std::vector<png_bytep> rows;
    for (int64_t y = 0; y < decoded.h; ++y)
      rows.push_back(reinterpret_cast<png_bytep>((to_luma ? colours.data() : into) + y * row));
    PngReading reading(file);
    if (!read_rows(reading, decoded,
                   {.row_bytes = row * static_cast<int64_t>(sizeof(T)),
                    .two_bytes = sizeof(T) == 2,
                    .grey_to_colour = channels == 3 && is_grey},
                   rows.data()))
      fail_image(path, concat("the image cannot be decoded: ", reading.why), "get the file again");
    if (to_luma) luma(colours.data(), decoded.h * decoded.w, into);
  }

  struct RowForm {
    int64_t row_bytes;
    bool two_bytes, grey_to_colour;
  };
  // False where the library failed.
  static bool read_rows(PngReading& reading, Pair size, const RowForm& form, png_bytepp rows) {
    if (setjmp(png_jmpbuf(reading.png))) return false;
    reading.start(size);
    if (form.two_bytes) {
      png_set_expand_16(reading.png);
      if constexpr (std::endian::native == std::endian::little) png_set_swap(reading.png);
    } else {
      png_set_expand(reading.png);
      png_set_strip_16(reading.png);
    }
    png_set_strip_alpha(reading.png);
    if (form.grey_to_colour) png_set_gray_to_rgb(reading.png);
    png_set_interlace_handling(reading.png);
    png_read_update_info(reading.png, reading.info);
    if (static_cast<int64_t>(png_get_rowbytes(reading.png, reading.info)) != form.row_bytes)
      png_error(reading.png, "its header changed");
    png_read_image(reading.png, rows);
    png_read_end(reading.png, nullptr);
    return true;
  }
};
DL_IMAGE_DECODER(PngDecoder);

}  // namespace
}  // namespace dl
