// PNM (netpbm's pbm(5), pgm(5) and ppm(5)): P1 to P6, values of one byte or two, brought to 8 or 16 bits by their
// maximum.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "lib/base/error.h"
#include "lib/data/image/image_decoder.h"

namespace dl {
namespace {

bool is_pnm_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// A file's text and values, from front to back.
class PnmReading {
 public:
  PnmReading(const std::filesystem::path& path, std::string_view file) : path_(path), file_(file), at_(2) {}

  // The next decimal number. Comments run from '#' to the end of a line.
  int64_t number(int64_t most, const char* of) {
    pass_blanks();
    const size_t begin = at_;
    int64_t value = 0;
    for (; at_ < file_.size() && file_[at_] >= '0' && file_[at_] <= '9'; ++at_)
      value = std::min<int64_t>(value * 10 + (file_[at_] - '0'), INT32_MAX);
    if (at_ == begin || value > most)
      fail_image(path_,
                 at_ == begin ? concat("expected ", of, " at byte ", at_, ", ", found())
                              : concat("expected ", of, " up to ", most, ", found ", value),
                 "get the file again");
    return value;
  }
  // A bit of a plain bitmap; these need no blanks between them.
  int64_t bit() {
    pass_blanks();
    if (at_ == file_.size() || (file_[at_] != '0' && file_[at_] != '1'))
      fail_image(path_, concat("expected 0 or 1 at byte ", at_, ", ", found()), "get the file again");
    return file_[at_++] - '0';
  }
  // The bytes after the one blank that ends the header.
  const uint8_t* raster(int64_t bytes) {
    const int64_t left = static_cast<int64_t>(file_.size()) - static_cast<int64_t>(at_) - 1;
    if (left < bytes)
      fail_image(path_, concat("expected ", bytes, " bytes of pixels, found ", std::max<int64_t>(left, 0)),
                 "get the file again: it is cut short");
    return reinterpret_cast<const uint8_t*>(file_.data()) + at_ + 1;
  }
  [[noreturn]] void fail_value(int64_t value, int64_t most) const {
    fail_image(path_, concat("expected values up to ", most, ", as its header says, found ", value),
               "get the file again");
  }

 private:
  void pass_blanks() {
    while (at_ < file_.size() && (is_pnm_blank(file_[at_]) || file_[at_] == '#')) {
      if (file_[at_] == '#') at_ = std::min(file_.find('\n', at_), file_.size() - 1);
      ++at_;
    }
  }
  std::string found() const { return at_ == file_.size() ? "the file ends there" : "found something else"; }

  const std::filesystem::path& path_;
  const std::string_view file_;
  size_t at_;
};

struct PnmHeader {
  Pair size;
  int64_t most;  // that a value may be
};

class PnmDecoder final : public ImageDecoder {
 public:
  std::string name() const override { return "PNM"; }
  std::vector<std::string> extensions() const override { return {".pbm", ".pgm", ".pnm", ".ppm"}; }
  bool recognises(std::string_view file) const override {
    return file.size() > 2 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6' &&
           (is_pnm_blank(file[2]) || file[2] == '#');
  }

  Pair size(const std::filesystem::path& path, std::string_view file) const override {
    PnmReading reading(path, file);
    return read_header(reading, file[1]).size;
  }

  int bits(std::string_view file) const override {
    const std::filesystem::path none;
    PnmReading reading(none, file);
    return read_header(reading, file[1]).most > 255 ? 16 : 8;
  }

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
    PnmReading reading(path, file);
    const char kind = file[1];
    const PnmHeader header = read_header(reading, kind);
    const bool colour = kind == '3' || kind == '6';
    const int64_t pixels = decoded.h * decoded.w, in_file = colour ? 3 : 1;
    std::vector<T> values(static_cast<size_t>(pixels * in_file));
    if (kind == '1' || kind == '4') {
      read_bits(reading, kind == '1', decoded, values.data());
    } else {
      read_numbers(reading, kind <= '3', header.most, values);
    }
    if (in_file == channels) {
      std::copy(values.begin(), values.end(), into);
    } else if (channels == 1) {
      luma(values.data(), pixels, into);
    } else {
      for (int64_t i = 0; i < pixels * 3; ++i) into[i] = values[static_cast<size_t>(i / 3)];
    }
  }

  static PnmHeader read_header(PnmReading& reading, char kind) {
    PnmHeader header{.most = 1};
    header.size.w = reading.number(INT32_MAX - 1, "a width");
    header.size.h = reading.number(INT32_MAX - 1, "a height");
    if (kind != '1' && kind != '4') header.most = std::max<int64_t>(reading.number(65535, "a largest value"), 1);
    return header;
  }

  // Ink is 1.
  template <class T>
  static void read_bits(PnmReading& reading, bool plain, Pair size, T* into) {
    const int64_t row_bytes = (size.w + 7) / 8;
    const uint8_t* const packed = plain ? nullptr : reading.raster(size.h * row_bytes);
    for (int64_t y = 0; y < size.h; ++y)
      for (int64_t x = 0; x < size.w; ++x) {
        const int64_t ink = plain ? reading.bit() : packed[y * row_bytes + x / 8] >> (7 - x % 8) & 1;
        *into++ = ink ? 0 : std::numeric_limits<T>::max();
      }
  }

  template <class T>
  static void read_numbers(PnmReading& reading, bool plain, int64_t most, std::vector<T>& into) {
    constexpr int64_t largest = std::numeric_limits<T>::max();
    const int64_t bytes = most > 255 ? 2 : 1;
    const uint8_t* raster = plain ? nullptr : reading.raster(static_cast<int64_t>(into.size()) * bytes);
    for (T& value : into) {
      int64_t number;
      if (plain) {
        number = reading.number(65535, "a value");
      } else {
        number = bytes == 1 ? raster[0] : raster[0] << 8 | raster[1];
        raster += bytes;
      }
      if (number > most) reading.fail_value(number, most);
      value = static_cast<T>(most == largest ? number : (number * largest + most / 2) / most);
    }
  }
};
DL_IMAGE_DECODER(PnmDecoder);

}  // namespace
}  // namespace dl
