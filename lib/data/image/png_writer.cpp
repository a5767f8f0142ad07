// PNG by stb_image_write.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/png_writer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/base/error.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace dl {
namespace {

std::vector<uint8_t> as_bytes(const float* values, int64_t count) {
  float least = INFINITY, most = -INFINITY;
  for (int64_t i = 0; i < count; ++i)
    if (std::isfinite(values[i])) least = std::min(least, values[i]), most = std::max(most, values[i]);
  const float scale = most > least ? 255 / (most - least) : 0;
  std::vector<uint8_t> bytes(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    if (std::isfinite(values[i]))
      bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(std::lround((values[i] - least) * scale));
  return bytes;
}

void append_to(void* text, void* data, int bytes) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(data), static_cast<size_t>(bytes));
}

}  // namespace

std::string png_of(const std::byte* values, const Type& type) {
  std::vector<uint8_t> bytes;
  if (type.dtype == DType::f32) {
    bytes = as_bytes(reinterpret_cast<const float*>(values), type.shape.elements());
    values = reinterpret_cast<const std::byte*>(bytes.data());
  }
  const auto h = static_cast<int>(type.shape[0]), w = static_cast<int>(type.shape[1]),
             c = static_cast<int>(type.shape[2]);
  std::string png;
  DL_CHECK(::stbi_write_png_to_func(append_to, &png, w, h, c, values, w * c) != 0, "no PNG of ", type.shape.text());
  return png;
}

}  // namespace dl
