// WebP through libwebp, of an animation its first picture; colours as they are stored, without alpha.
// SPDX-License-Identifier: Apache-2.0
#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/image/image_decoder.h"

namespace dl {
namespace {

const uint8_t* bytes_of(std::string_view file) { return reinterpret_cast<const uint8_t*>(file.data()); }

const char* reason(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "no memory";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "a feature that libwebp does not know";
    case VP8_STATUS_NOT_ENOUGH_DATA: return "the file ends too early";
    default: return "its data are broken";
  }
}

class WebpDecoder final : public ImageDecoder {
 public:
  std::string name() const override { return "libwebp"; }
  std::vector<std::string> extensions() const override { return {".webp"}; }
  bool recognises(std::string_view file) const override {
    return file.starts_with("RIFF") && file.size() >= 12 && file.substr(8, 4) == "WEBP";
  }

  Pair size(const std::filesystem::path& path, std::string_view file) const override {
    const WebPBitstreamFeatures features = read_features(path, file);
    return {features.height, features.width};
  }

  int orientation(std::string_view file) const override {
    constexpr size_t around = 8;  // name and length of a chunk
    for (size_t at = 12; at + around <= file.size();) {
      const auto* b = bytes_of(file) + at + 4;
      const size_t length = size_t{b[0]} | size_t{b[1]} << 8 | size_t{b[2]} << 16 | size_t{b[3]} << 24;
      const std::string_view body = file.substr(at + around, length);
      if (file.substr(at, 4) == "EXIF")
        return exif_orientation(body.starts_with(exif_signature) ? body.substr(exif_signature.size()) : body);
      at += around + length + length % 2;
    }
    return as_stored;
  }

  void decode(const std::filesystem::path& path, std::string_view file, Pair decoded, const ImageWindow& /*needed*/,
              int channels, uint8_t* into) const override {
    const int64_t pixels = decoded.h * decoded.w;
    std::vector<uint8_t> for_luma(channels == 1 ? static_cast<size_t>(pixels * 3) : 0);
    uint8_t* const colours = channels == 1 ? for_luma.data() : into;
    if (read_features(path, file).has_animation) {
      decode_first(path, file, decoded, colours);
    } else {
      WebPDecoderConfig config;
      DL_CHECK(WebPInitDecoderConfig(&config), "another version of libwebp");
      config.output.colorspace = MODE_RGB;
      config.output.is_external_memory = 1;
      config.output.u.RGBA = {colours, static_cast<int>(decoded.w * 3), static_cast<size_t>(pixels * 3)};
      if (const VP8StatusCode status = WebPDecode(bytes_of(file), file.size(), &config); status != VP8_STATUS_OK)
        fail_image(path, concat("the image cannot be decoded: ", reason(status)), "get the file again");
    }
    if (channels == 1) luma(colours, pixels, into);
  }

 private:
  static WebPBitstreamFeatures read_features(const std::filesystem::path& path, std::string_view file) {
    WebPBitstreamFeatures features;
    if (const VP8StatusCode status = WebPGetFeatures(bytes_of(file), file.size(), &features); status != VP8_STATUS_OK)
      fail_image(path, concat("expected a WebP image, its header cannot be read: ", reason(status)));
    return features;
  }

  static void decode_first(const std::filesystem::path& path, std::string_view file, Pair size, uint8_t* colours) {
    WebPAnimDecoderOptions options;
    DL_CHECK(WebPAnimDecoderOptionsInit(&options), "another version of libwebp");
    const WebPData data{bytes_of(file), file.size()};
    const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
        WebPAnimDecoderNew(&data, &options), &WebPAnimDecoderDelete);
    WebPAnimInfo info{};
    uint8_t* canvas = nullptr;
    int time = 0;
    if (!decoder || !WebPAnimDecoderGetInfo(decoder.get(), &info) || info.canvas_width != size.w ||
        info.canvas_height != size.h || !WebPAnimDecoderGetNext(decoder.get(), &canvas, &time))
      fail_image(path, "the image cannot be decoded: the animation's first picture is broken", "get the file again");
    for (int64_t i = 0; i < size.h * size.w; ++i) std::memcpy(colours + 3 * i, canvas + 4 * i, 3);
  }
};
DL_IMAGE_DECODER(WebpDecoder);

}  // namespace
}  // namespace dl
