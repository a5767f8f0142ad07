// JPEG through libjpeg-turbo: its accurate transform and smooth upsampling, as Pillow and torchvision decode.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <jpeglib.h>
// after jpeglib.h, which it needs
#include <jerror.h>

#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/data/image/image_decoder.h"

namespace dl {
namespace {

constexpr int most_scans = 200;  // of a progressive file; each costs a pass over the whole image

// A decompression whose errors jump to `jump`. The library is C: nothing with a destructor may be made on the way.
struct Decompression {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump;
  char why[JMSG_LENGTH_MAX] = {};

  Decompression() {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      Decompression& self = *static_cast<Decompression*>(common->client_data);
      common->err->format_message(common, self.why);
      std::longjmp(self.jump, 1);
    };
    errors.output_message = [](j_common_ptr) {};
    // Level -1 is data that are wrong. Most of it every decoder passes over; what is cut short is an error.
    errors.emit_message = [](j_common_ptr common, int level) {
      if (level >= 0) return;
      const int code = common->err->msg_code;
      if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) common->err->error_exit(common);
    };
    progress.progress_monitor = [](j_common_ptr common) {
      Decompression& self = *static_cast<Decompression*>(common->client_data);
      if (self.info.input_scan_number <= most_scans) return;
      std::snprintf(self.why, sizeof self.why, "it has more than %d scans", most_scans);
      std::longjmp(self.jump, 1);
    };
  }
  ~Decompression() { jpeg_destroy_decompress(&info); }
  Decompression(const Decompression&) = delete;
  Decompression& operator=(const Decompression&) = delete;

  void read_header(std::string_view file) {
    jpeg_create_decompress(&info);
    info.progress = &progress;
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), static_cast<unsigned long>(file.size()));
    jpeg_read_header(&info, TRUE);
  }
};

// One row of CMYK as RGB, in place of the first three quarters. Adobe's files hold the complements.
void cmyk_to_rgb(const uint8_t* cmyk, int64_t pixels, bool complements, uint8_t* rgb) {
  const int flip = complements ? 0 : 255;
  for (int64_t i = 0; i < pixels; ++i)
    for (int c = 0; c < 3; ++c)
      rgb[3 * i + c] = static_cast<uint8_t>(((cmyk[4 * i + c] ^ flip) * (cmyk[4 * i + 3] ^ flip) + 127) / 255);
}

// What an image of `size` is when decoded at 1/denominator.
Pair reduced(Pair size, int64_t denominator) { return {ceil_div(size.h, denominator), ceil_div(size.w, denominator)}; }

class JpegDecoder final : public ImageDecoder {
 public:
  std::string name() const override { return "libjpeg-turbo"; }
  std::vector<std::string> extensions() const override { return {".jfif", ".jpe", ".jpeg", ".jpg"}; }
  bool recognises(std::string_view file) const override { return file.starts_with("\xFF\xD8\xFF"); }

  // In the segment APP1, among those before the picture's rows.
  int orientation(std::string_view file) const override {
    constexpr int app1 = 0xE1, start_of_scan = 0xDA;
    const auto byte = [&](size_t at) { return static_cast<uint8_t>(file[at]); };
    for (size_t at = 2; at + 4 <= file.size() && byte(at) == 0xFF;) {
      const int marker = byte(at + 1);
      if (marker == 0xFF) {  // bytes that fill up
        ++at;
        continue;
      }
      if (marker == start_of_scan) break;
      const size_t length = size_t{byte(at + 2)} << 8 | byte(at + 3);
      if (length < 2) break;
      const std::string_view body = file.substr(at + 4, length - 2);
      if (marker == app1 && body.starts_with(exif_signature))
        return exif_orientation(body.substr(exif_signature.size()));
      at += 2 + length;
    }
    return as_stored;
  }

  Pair size(const std::filesystem::path& path, std::string_view file) const override {
    Decompression d;
    if (setjmp(d.jump)) fail_image(path, concat("expected a JPEG image, its header cannot be read: ", d.why));
    d.read_header(file);
    return {d.info.image_height, d.info.image_width};
  }

  Pair decoded_size(Pair found, Pair wanted) const override {
    for (const int64_t denominator : {8, 4, 2})
      if (const Pair size = reduced(found, denominator); size.h >= wanted.h && size.w >= wanted.w) return size;
    return found;
  }

  void decode(const std::filesystem::path& path, std::string_view file, Pair decoded, const ImageWindow& needed,
              int channels, uint8_t* into) const override {
    std::vector<uint8_t> row(static_cast<size_t>(decoded.w) * 7);  // four channels, then three of them
    Decompression d;
    if (setjmp(d.jump)) fail_image(path, concat("the image cannot be decoded: ", d.why), "get the file again");
    d.read_header(file);
    decode_rows(d.info, decoded, needed, channels, row.data(), into);
  }

 private:
  struct Columns {
    int64_t left, width;
  };
  // Leaves out the columns that the window does not need, in whole blocks. The colours of a pixel come from neighbours
  // too, where they were stored at half the width or less: those of the next block are decoded with it.
  static Columns crop_columns(jpeg_decompress_struct& info, const ImageWindow& needed) {
    const int64_t margin = 16, width = info.output_width;
    const int64_t begin = std::max<int64_t>(0, needed.left - margin);
    const int64_t end = std::min(width, needed.left + needed.w + margin);
    if (begin == 0 && end == width) return {0, width};
    auto left = static_cast<JDIMENSION>(begin), columns = static_cast<JDIMENSION>(end - begin);
    jpeg_crop_scanline(&info, &left, &columns);
    return {left, columns};
  }

  static void decode_rows(jpeg_decompress_struct& info, Pair decoded, const ImageWindow& needed, int channels,
                          uint8_t* row, uint8_t* into) {
    const bool four = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = four ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    info.scale_num = 1;
    while (reduced({info.image_height, info.image_width}, info.scale_denom) != decoded && info.scale_denom < 8)
      info.scale_denom *= 2;
    info.mem->max_memory_to_use = decoded.h * decoded.w * 32 * info.scale_denom * info.scale_denom + (16 << 20);
    jpeg_start_decompress(&info);
    DL_CHECK(info.output_width == decoded.w && info.output_height == decoded.h, info.output_width, " x ",
             info.output_height);
    const auto [left, width] = crop_columns(info, needed);
    jpeg_skip_scanlines(&info, static_cast<JDIMENSION>(needed.top));
    const int64_t bytes = decoded.w * channels, bottom = needed.top + needed.h;
    while (info.output_scanline < bottom) {
      uint8_t* const out = into + info.output_scanline * bytes + left * channels;
      uint8_t* target = four ? row : out;
      jpeg_read_scanlines(&info, &target, 1);
      if (!four) continue;
      uint8_t* const colours = channels == 3 ? out : row + decoded.w * 4;
      cmyk_to_rgb(row, width, info.saw_Adobe_marker, colours);
      if (channels == 1) luma(colours, width, out);
    }
    // Damage further down is told too: skipped rows are passed over unseen only where none is read after them.
    if (const JDIMENSION rest = info.output_height - info.output_scanline; rest > 0) {
      jpeg_skip_scanlines(&info, rest - 1);
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  }
};
DL_IMAGE_DECODER(JpegDecoder);

}  // namespace
}  // namespace dl
