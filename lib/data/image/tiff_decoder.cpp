// TIFF through libtiff, its first picture: palettes, CMYK and YCbCr as colours, without alpha. Of grey values and
// colours of 16 bits all or the high ones, of others 8.
// SPDX-License-Identifier: Apache-2.0
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/image/image_decoder.h"

namespace dl {
namespace {

// A file in memory, open for libtiff, which keeps what it complains of.
class TiffReading {
 public:
  TiffReading(std::string_view file, int64_t most_bytes) : file_(file) {
    const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                   &TIFFOpenOptionsFree);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(most_bytes));
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_reason, this);
    TIFFOpenOptionsSetWarningHandlerExtR(
        options.get(), [](TIFF*, void*, const char*, const char*, va_list) { return 1; }, nullptr);
    tiff_ = TIFFClientOpenExt("", "r", this, read, write, seek, close, size, map, unmap, options.get());
  }
  ~TiffReading() {
    if (tiff_) TIFFClose(tiff_);
  }
  TiffReading(const TiffReading&) = delete;
  TiffReading& operator=(const TiffReading&) = delete;

  TIFF* tiff() const { return tiff_; }  // null: it is none
  const char* why() const { return why_; }

 private:
  static TiffReading& of(thandle_t handle) { return *static_cast<TiffReading*>(handle); }

  static int keep_reason(TIFF*, void* self, const char*, const char* format, va_list values) {
    if (TiffReading& reading = of(self); !reading.why_[0])
      std::vsnprintf(reading.why_, sizeof reading.why_, format, values);
    return 1;
  }
  static tmsize_t read(thandle_t handle, void* into, tmsize_t bytes) {
    TiffReading& self = of(handle);
    const auto left = static_cast<tmsize_t>(self.file_.size() - std::min(self.at_, self.file_.size()));
    const tmsize_t got = std::clamp<tmsize_t>(bytes, 0, left);
    if (got > 0) std::memcpy(into, self.file_.data() + self.at_, static_cast<size_t>(got));
    self.at_ += static_cast<size_t>(got);
    return got;
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t handle, toff_t to, int from) {
    TiffReading& self = of(handle);
    self.at_ = static_cast<size_t>(to) + (from == SEEK_CUR ? self.at_ : from == SEEK_END ? self.file_.size() : 0);
    return self.at_;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return of(handle).file_.size(); }
  static int map(thandle_t handle, void** base, toff_t* bytes) {
    *base = const_cast<char*>(of(handle).file_.data());
    *bytes = of(handle).file_.size();
    return 1;
  }
  static void unmap(thandle_t, void*, toff_t) {}

  const std::string_view file_;
  size_t at_ = 0;
  TIFF* tiff_ = nullptr;
  char why_[160] = {};
};

// What is kept of its tags may be as much as the file: colour profiles are.
int64_t libtiff_header_bytes(std::string_view file) {
  return 2 * static_cast<int64_t>(file.size()) + (int64_t{1} << 20);
}

class TiffDecoder final : public ImageDecoder {
 public:
  std::string name() const override { return "libtiff"; }
  std::vector<std::string> extensions() const override { return {".tif", ".tiff"}; }
  bool recognises(std::string_view file) const override {
    for (const std::string_view start : {std::string_view("II*\0", 4), std::string_view("MM\0*", 4),
                                         std::string_view("II+\0", 4), std::string_view("MM\0+", 4)})
      if (file.starts_with(start)) return true;
    return false;
  }

  Pair size(const std::filesystem::path& path, std::string_view file) const override {
    const TiffReading reading(file, libtiff_header_bytes(file));
    uint32_t width = 0, height = 0;
    if (!reading.tiff() || !TIFFGetField(reading.tiff(), TIFFTAG_IMAGEWIDTH, &width) ||
        !TIFFGetField(reading.tiff(), TIFFTAG_IMAGELENGTH, &height))
      fail_image(path, concat("expected a TIFF image, its header cannot be read: ",
                              reading.why()[0] ? reading.why() : "it says no size"));
    return {height, width};
  }

  int orientation(std::string_view file) const override {
    const TiffReading reading(file, libtiff_header_bytes(file));
    uint16_t orientation = as_stored;
    if (reading.tiff()) TIFFGetField(reading.tiff(), TIFFTAG_ORIENTATION, &orientation);
    return orientation >= 1 && orientation <= 8 ? orientation : as_stored;
  }

  int bits(std::string_view file) const override {
    const TiffReading reading(file, libtiff_header_bytes(file));
    uint16_t bits = 8;
    if (reading.tiff()) TIFFGetField(reading.tiff(), TIFFTAG_BITSPERSAMPLE, &bits);
    return bits;
  }

  void decode(const std::filesystem::path& path, std::string_view file, Pair decoded, const ImageWindow& /*needed*/,
              int channels, uint8_t* into) const override {
    const int64_t pixels = decoded.h * decoded.w;
    std::vector<uint32_t> raster(static_cast<size_t>(pixels));
    const TiffReading reading(file, decoding_bytes(pixels, file));
    refuse_signs(path, reading);
    char why[1024] = {};
    if (!reading.tiff() || !read_raster(reading.tiff(), decoded, raster.data(), why))
      fail_decoding(path, reading.why()[0] ? reading.why() : why);
    for (int64_t i = 0; i < pixels; ++i) {
      const uint32_t pixel = raster[static_cast<size_t>(i)];
      const uint8_t colours[] = {static_cast<uint8_t>(TIFFGetR(pixel)), static_cast<uint8_t>(TIFFGetG(pixel)),
                                 static_cast<uint8_t>(TIFFGetB(pixel))};
      if (channels == 1) {
        luma(colours, 1, into + i);
      } else {
        std::memcpy(into + 3 * i, colours, sizeof colours);
      }
    }
  }

  void decode_16(const std::filesystem::path& path, std::string_view file, Pair decoded, int channels,
                 uint16_t* into) const override {
    const int64_t pixels = decoded.h * decoded.w;
    const TiffReading reading(file, decoding_bytes(pixels, file));
    const Samples form = reading.tiff() ? samples_of(reading.tiff()) : Samples();
    if (form.bits != 16 || form.width != decoded.w || form.height != decoded.h)
      return ImageDecoder::decode_16(path, file, decoded, channels, into);
    refuse_signs(path, reading);
    const int64_t read = form.colours ? 3 : 1;  // of each pixel
    std::vector<uint16_t> values(static_cast<size_t>(pixels * read));
    if (!read_samples(reading.tiff(), form, read, decoding_bytes(pixels, file), values.data()))
      fail_decoding(path, reading.why());
    if (form.white_is_0)
      for (uint16_t& value : values) value = static_cast<uint16_t>(65535 - value);
    if (read == channels) {
      std::ranges::copy(values, into);
    } else if (channels == 1) {
      luma(values.data(), pixels, into);
    } else {
      for (int64_t i = 0; i < pixels * 3; ++i) into[i] = values[static_cast<size_t>(i / 3)];
    }
  }

 private:
  static int64_t decoding_bytes(int64_t pixels, std::string_view file) {
    return pixels * 32 + (int64_t{16} << 20) + libtiff_header_bytes(file);
  }
  [[noreturn]] static void fail_decoding(const std::filesystem::path& path, const char* why) {
    fail_image(path, concat("the image cannot be decoded: ", why),
               "save it with 8 or 16 bits a channel, or get it again");
  }

  // Values below 0 would be read as the largest.
  static void refuse_signs(const std::filesystem::path& path, const TiffReading& reading) {
    uint16_t format = SAMPLEFORMAT_UINT;
    if (reading.tiff() && TIFFGetField(reading.tiff(), TIFFTAG_SAMPLEFORMAT, &format) && format == SAMPLEFORMAT_INT)
      fail_image(path, "expected values from 0 on, its header says that they have a sign",
                 "save it as unsigned numbers, or as arrays, and write 'npy'");
  }

  // How a picture of grey values or colours is stored; of another kind `bits` is 0.
  struct Samples {
    int bits = 0;
    int64_t width = 0, height = 0, in_pixel = 1;
    bool colours = false, white_is_0 = false, side_by_side = true;
  };
  static Samples samples_of(TIFF* tiff) {
    uint32_t width = 0, height = 0;
    uint16_t bits = 1, in_pixel = 1, planes = PLANARCONFIG_CONTIG, kind = PHOTOMETRIC_PALETTE;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &kind);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &in_pixel);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
    uint16_t format = SAMPLEFORMAT_UINT;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    const bool colours = kind == PHOTOMETRIC_RGB;
    const bool is_known = (colours && in_pixel >= 3) ||
                          (in_pixel >= 1 && (kind == PHOTOMETRIC_MINISBLACK || kind == PHOTOMETRIC_MINISWHITE));
    return {.bits = is_known && format != SAMPLEFORMAT_IEEEFP ? bits : 0,
            .width = width,
            .height = height,
            .in_pixel = in_pixel,
            .colours = colours,
            .white_is_0 = kind == PHOTOMETRIC_MINISWHITE,
            .side_by_side = planes == PLANARCONFIG_CONTIG};
  }

  // The first `read` values of each pixel, u16 [height, width, read], strip by strip or tile by tile, which have at
  // most so many bytes. False where the library failed.
  static bool read_samples(TIFF* tiff, const Samples& form, int64_t read, int64_t most_bytes, uint16_t* into) {
    const bool tiled = TIFFIsTiled(tiff);
    uint32_t block_w = static_cast<uint32_t>(form.width), block_h = 0;
    if (tiled) {
      if (!TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &block_w) || !TIFFGetField(tiff, TIFFTAG_TILELENGTH, &block_h))
        return false;
    } else {
      TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &block_h);
      block_h = std::min(block_h, static_cast<uint32_t>(form.height));
    }
    const int64_t in_block = form.side_by_side ? form.in_pixel : 1;  // values of a pixel
    const auto bytes = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
    constexpr uint32_t most_side = 1 << 24;
    if (block_w < 1 || block_h < 1 || block_w > most_side || block_h > most_side || bytes > most_bytes ||
        bytes != static_cast<tmsize_t>(block_w) * block_h * in_block * 2)
      return false;
    std::vector<uint16_t> block(static_cast<size_t>(bytes) / 2);
    for (int64_t plane = 0; plane < (form.side_by_side ? 1 : read); ++plane)
      for (int64_t top = 0; top < form.height; top += block_h)
        for (int64_t left = 0; left < form.width; left += block_w) {
          const int64_t rows = std::min<int64_t>(block_h, form.height - top);
          const int64_t columns = std::min<int64_t>(block_w, form.width - left);
          const auto x = static_cast<uint32_t>(left), y = static_cast<uint32_t>(top);
          const auto sample = static_cast<uint16_t>(plane);
          const tmsize_t got = tiled ? TIFFReadTile(tiff, block.data(), x, y, 0, sample)
                                     : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, sample), block.data(), -1);
          if (got < static_cast<tmsize_t>((rows - 1) * block_w + columns) * in_block * 2) return false;
          for (int64_t row = 0; row < rows; ++row)
            for (int64_t column = 0; column < columns; ++column) {
              const uint16_t* const from = block.data() + (row * block_w + column) * in_block;
              uint16_t* const out = into + ((top + row) * form.width + left + column) * read + plane;
              std::copy_n(from, form.side_by_side ? read : 1, out);
            }
        }
    return true;
  }

  static bool read_raster(TIFF* tiff, Pair size, uint32_t* raster, char* why) {
    // The library turns by halves only, and multiplies colours by an alpha that is no part of them yet.
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    uint16_t extra = 0, *kinds = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extra, &kinds) && extra > 0) {
      std::vector<uint16_t> as_they_are(kinds, kinds + extra);
      std::ranges::replace(as_they_are, uint16_t{EXTRASAMPLE_UNASSALPHA}, uint16_t{EXTRASAMPLE_ASSOCALPHA});
      TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, extra, as_they_are.data());
    }
    TIFFRGBAImage image;
    if (!TIFFRGBAImageOK(tiff, why) || !TIFFRGBAImageBegin(&image, tiff, 1, why)) return false;
    image.req_orientation = ORIENTATION_TOPLEFT;
    const bool whole = image.width == size.w && image.height == size.h &&
                       TIFFRGBAImageGet(&image, raster, static_cast<uint32_t>(size.w), static_cast<uint32_t>(size.h));
    TIFFRGBAImageEnd(&image);
    return whole;
  }
};
DL_IMAGE_DECODER(TiffDecoder);

}  // namespace
}  // namespace dl
