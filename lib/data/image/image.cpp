// Choosing a decoder, the limits, and bringing images to a size.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/image.h"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/data/image/image_decoder.h"
#include "lib/data/image/orientation.h"
#include "lib/data/image/resize.h"

namespace dl {
namespace {

constexpr std::string_view png_signature = "\x89PNG\r\n\x1a\n";

}  // namespace

void check_png(const std::filesystem::path& path, std::string_view file) {
  constexpr size_t around = 12;  // length, name and sum of a chunk
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(file.data());
  if (!file.starts_with(png_signature)) return;
  for (size_t at = png_signature.size();;) {
    const size_t left = file.size() - at;
    const size_t length = left < around ? 0 : big_endian(file.data() + at);
    if (left < around || left - around < length)
      fail_image(path, concat("expected a PNG to end with a chunk IEND, the file ends after ", file.size(), " bytes"),
                 "get the file again: it is cut short");
    const std::string_view name = file.substr(at + 4, 4);
    if (::crc32(0, bytes + at + 4, static_cast<uInt>(length + 4)) != big_endian(file.data() + at + 8 + length))
      fail_image(path, concat("the check sum of the PNG's chunk at byte ", at, " does not match its contents"),
                 "get the file again");
    if (name == "IEND") return;
    at += length + around;
  }
}

namespace {

void check_pixels(const std::filesystem::path& path, Pair size, const ImageLimits& limits) {
  if (size.w > 0 && size.h > limits.pixels / size.w)
    fail_image(path, concat("its header says ", size.w, " x ", size.h, " pixels, the limit is ", limits.pixels),
               "raise 'max_pixels', or make the image smaller");
}

std::vector<const ImageDecoder*>& decoders() {
  static std::vector<const ImageDecoder*> all;
  return all;
}

const ImageDecoder& decoder_of(std::string_view file) {
  for (const ImageDecoder* decoder : decoders())
    if (decoder->recognises(file)) return *decoder;
  return stb_decoder();
}

// The extensions of all decoders' files.
const std::set<std::string>& extensions() {
  static const std::set<std::string> all = [] {
    std::set<std::string> names;
    for (const std::string& name : stb_decoder().extensions()) names.insert(name);
    for (const ImageDecoder* decoder : decoders())
      for (const std::string& name : decoder->extensions()) names.insert(name);
    return names;
  }();
  return all;
}

// The stored size that the header says, within the limits.
Pair checked_size(const std::filesystem::path& path, std::string_view file, const ImageLimits& limits) {
  if (file.empty()) fail_image(path, "expected an image, the file is empty");
  if (file.starts_with(png_signature) &&
      file.size() >= 24)  // stb_image does not know one that is too large for an image
    check_pixels(path, {big_endian(file.data() + 20), big_endian(file.data() + 16)}, limits);
  const Pair size = decoder_of(file).size(path, file);
  if (size.w < 1 || size.h < 1)
    fail_image(path, concat("expected an image with pixels, its header says ", size.w, " x ", size.h));
  check_pixels(path, size, limits);
  return size;
}

// The whole image upright, its values of 16 bits divided by the largest.
void decode_numbers(const ImageDecoder& decoder, const std::filesystem::path& path, std::string_view file, Pair stored,
                    int orientation, int channels, float* into) {
  const auto count = static_cast<size_t>(stored.h * stored.w * channels);
  const auto values = std::make_unique_for_overwrite<uint16_t[]>(count);
  decoder.decode_16(path, file, stored, channels, values.get());
  const uint16_t* found = values.get();
  std::unique_ptr<uint16_t[]> turned;
  if (orientation != as_stored) {
    turned = std::make_unique_for_overwrite<uint16_t[]>(count);
    turn_upright(reinterpret_cast<const uint8_t*>(found), stored, 2 * channels, orientation,
                 whole_image(upright(stored, orientation)), reinterpret_cast<uint8_t*>(turned.get()));
    found = turned.get();
  }
  for (size_t i = 0; i < count; ++i) into[i] = static_cast<float>(found[i]) / 65535;
}

std::string read_whole(const std::filesystem::path& path, const ImageLimits& limits) {
  return read_file(path, static_cast<uint64_t>(std::min<int64_t>(limits.file_bytes, INT32_MAX)));
}

}  // namespace

bool add_image_decoder(const ImageDecoder& decoder) {
  decoders().push_back(&decoder);
  return true;
}

std::vector<std::string> image_decoders() {
  std::vector<std::string> names;
  for (const ImageDecoder* decoder : decoders()) names.push_back(decoder->name());
  names.push_back(stb_decoder().name());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> image_formats() {
  std::vector<std::string> formats;
  for (const std::string& extension : extensions()) formats.push_back(extension.substr(1));
  return formats;
}

void fail_image(const std::filesystem::path& path, std::string what, std::string help) {
  throw Error(Exit::data, Problem{.where = {.file = path.string()}, .what = std::move(what), .help = std::move(help)});
}

void ImageDecoder::decode_16(const std::filesystem::path& path, std::string_view file, Pair decoded, int channels,
                             uint16_t* into) const {
  const auto count = static_cast<size_t>(decoded.h * decoded.w * channels);
  const auto bytes = std::make_unique_for_overwrite<uint8_t[]>(count);
  decode(path, file, decoded, whole_image(decoded), channels, bytes.get());
  for (size_t i = 0; i < count; ++i) into[i] = static_cast<uint16_t>(257 * bytes[i]);
}

Pair image_size(const std::filesystem::path& path, const ImageLimits& limits) {
  return image_size(path, read_whole(path, limits), limits);
}

Pair image_size(const std::filesystem::path& path, std::string_view file, const ImageLimits& limits) {
  const StoredImage stored = stored_image(path, file, limits);
  return upright(stored.size, stored.orientation);
}

StoredImage stored_image(const std::filesystem::path& path, std::string_view file, const ImageLimits& limits) {
  return {checked_size(path, file, limits), decoder_of(file).orientation(file)};
}

int image_bits(const std::filesystem::path& path, const ImageLimits& limits) try {
  return image_bits(path, read_whole(path, limits));
} catch (const Error&) {
  return 8;
}

int image_bits(const std::filesystem::path& /*path*/, std::string_view file) try {
  return decoder_of(file).bits(file);
} catch (const Error&) {
  return 8;
}

std::vector<Problem> depth_doubts_of_files(const std::filesystem::path& of, const ImageLimits& limits, int64_t images,
                                           const std::function<std::filesystem::path(int64_t)>& path) {
  return depth_doubts(of, limits, images, [&](int64_t i) { return read_whole(path(i), limits); });
}

std::vector<Problem> depth_doubts(const std::filesystem::path& of, const ImageLimits& limits, int64_t images,
                                  const std::function<std::string(int64_t)>& file) try {
  constexpr int64_t most_looked_at = 4;
  constexpr int few = 64;  // a quarter of the high bytes
  const int64_t looked_at = std::min(images, most_looked_at);
  int most = 0;  // of the high bytes
  for (int64_t i = 0; i < looked_at; ++i) {
    const std::string bytes = file(i * images / looked_at);
    if (decoder_of(bytes).bits(bytes) != 16) return {};
    const Pair size = image_size(of, bytes, limits);
    std::vector<std::byte> pixels(static_cast<size_t>(size.h * size.w * 3));
    decode_image(of, bytes, {.size = size}, whole_image(size), size, pixels.data(), limits);
    most = std::max(most, static_cast<int>(*std::ranges::max_element(pixels)));
    if (most >= few) return {};
  }
  return {Problem{
      .where = {.file = of.string()},
      .what = concat("of images of 16 bits the high ones are read, and no value of ", count_of(looked_at, "image"),
                     " is above ", most * 256 + 255, " of 65535: ", count_of(most + 1, "shade"), " at most are left"),
      .help = "write 'bits: 16' beside 'format', which keeps them all"}};
} catch (const Error&) {
  return {};  // it is told where the image is read
}

void read_image(const std::filesystem::path& path, const ImageForm& form, std::byte* into, const ImageLimits& limits) {
  read_image_window(path, form, whole_image(form.size), form.size, into, limits);
}

void read_image_window(const std::filesystem::path& path, const ImageForm& form, const ImageWindow& window, Pair size,
                       std::byte* into, const ImageLimits& limits) {
  decode_image(path, read_whole(path, limits), form, window, size, into, limits);
}

void decode_image(const std::filesystem::path& path, std::string_view file, const ImageForm& form,
                  const ImageWindow& window, Pair size, std::byte* into, const ImageLimits& limits) {
  const auto [stored, orientation] = stored_image(path, file, limits);
  const ImageDecoder& decoder = decoder_of(file);
  const Pair found = upright(stored, orientation);
  if (!form.may_resize && found != form.size)
    fail_image(path,
               concat("expected ", form.size.h, " x ", form.size.w,
                      " pixels (height x width) as in the first image, found ", found.h, " x ", found.w),
               "write 'size: [HEIGHT, WIDTH]' to bring all images to one size");
  check_png(path, file);
  const auto memory_for = [&](Pair image) {
    return std::make_unique_for_overwrite<std::byte[]>(
        static_cast<size_t>(image.h * image.w * form.channels * bytes_of(form.dtype)));
  };
  const Pair decoded_stored = decoder.decoded_size(stored, upright(form.size, orientation));
  const Pair decoded = upright(decoded_stored, orientation);
  const auto decode = [&](const ImageWindow& needed, std::byte* into_pixels) {
    if (form.dtype == DType::f32)
      return decode_numbers(decoder, path, file, decoded_stored, orientation, form.channels,
                            reinterpret_cast<float*>(into_pixels));
    auto* const pixels = reinterpret_cast<uint8_t*>(into_pixels);
    if (orientation == as_stored) return decoder.decode(path, file, decoded_stored, needed, form.channels, pixels);
    const auto memory = memory_for(decoded_stored);
    auto* const as_in_file = reinterpret_cast<uint8_t*>(memory.get());
    decoder.decode(path, file, decoded_stored, stored_window(needed, decoded_stored, orientation), form.channels,
                   as_in_file);
    turn_upright(as_in_file, decoded_stored, form.channels, orientation, needed, pixels);
  };
  const ImageType in_form{form.size.h, form.size.w, form.channels};
  const bool cuts = window != whole_image(form.size) || size != form.size;
  if (decoded == form.size && !cuts) return decode(window, into);
  const auto pixels = memory_for(decoded);
  if (decoded == form.size) {
    decode(window, pixels.get());
    return resize_window(pixels.get(), form.dtype, in_form, window, into, size);
  }
  decode(whole_image(decoded), pixels.get());
  const auto stretched = cuts ? memory_for(form.size) : nullptr;
  resize_window(pixels.get(), form.dtype, {decoded.h, decoded.w, form.channels}, whole_image(decoded),
                cuts ? stretched.get() : into, form.size);
  if (cuts) resize_window(stretched.get(), form.dtype, in_form, window, into, size);
}

}  // namespace dl
