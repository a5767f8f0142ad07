// Drawing on a picture, with letters of 5 × 7 dots.
// SPDX-License-Identifier: Apache-2.0
#include "app/picture.h"

#include <algorithm>

#include "lib/data/image/write_png.h"

namespace dl {
namespace {

// From the space on: rows of five bits from the top, the leftmost dot the highest bit.
constexpr uint64_t letters[] = {
    0x000000000, 0x108421004, 0x294000000, 0x295f57d4a, 0x11f4717c4, 0x632222263, 0x32544564d, 0x108000000, 0x088842082,
    0x208210888, 0x02aefbaa0, 0x0084f9080, 0x000003088, 0x0000f8000, 0x00000018c, 0x002222200, 0x3a33ae62e, 0x11842108e,
    0x3a213221f, 0x3a213062e, 0x08ca97c42, 0x7e1e0862e, 0x1910f462e, 0x7c2221108, 0x3a317462e, 0x3a317844c, 0x018c03180,
    0x018c03088, 0x088882082, 0x001f07c00, 0x208208888, 0x3a2111004, 0x3a37ade0f, 0x11518fe31, 0x7a31f463e, 0x3a308422e,
    0x72518c65c, 0x7e10f421f, 0x7e10f4210, 0x3a309c62f, 0x4631fc631, 0x38842108e, 0x1c4210a4c, 0x4654c5251, 0x42108421f,
    0x4775ac631, 0x4739ace71, 0x3a318c62e, 0x7a31f4210, 0x3a318d64d, 0x7a31f5251, 0x3e107043e, 0x7c8421084, 0x46318c62e,
    0x46318a944, 0x4631ad771, 0x462a22a31, 0x462a21084, 0x7c222221f, 0x39084210e, 0x020820820, 0x38421084e, 0x115100000,
    0x00000001f, 0x208000000, 0x000e0be2f, 0x421e8c63e, 0x000f8420f, 0x042f8c62f, 0x000e8fe0f, 0x191e42108, 0x000f8bc2e,
    0x421e8c631, 0x100c2108e, 0x080610a4c, 0x4212a6292, 0x30842108e, 0x001ead6b5, 0x001e8c631, 0x000e8c62e, 0x001e8fa10,
    0x000f8bc21, 0x0016c4210, 0x000f8383e, 0x211e42107, 0x00118c62f, 0x00118c544, 0x0011ad6aa, 0x001151151, 0x00118bc2e,
    0x001f1111f, 0x188441086, 0x108421084, 0x30841108c, 0x0008a8800,
};
constexpr uint64_t box = 0x7fffffffful;

}  // namespace

Picture::Picture(Pair size) : size_(size), dots_(static_cast<size_t>(size.h * size.w * 3), 255) {}

void Picture::dot(int64_t y, int64_t x, Colour colour) {
  if (y < 0 || x < 0 || y >= size_.h || x >= size_.w) return;
  std::ranges::copy(colour, dots_.begin() + (y * size_.w + x) * 3);
}

void Picture::frame(int64_t top, int64_t left, int64_t bottom, int64_t right, Colour colour) {
  for (int64_t x = left; x <= right; ++x) dot(top, x, colour), dot(bottom, x, colour);
  for (int64_t y = top; y <= bottom; ++y) dot(y, left, colour), dot(y, right, colour);
}

void Picture::image(int64_t y, int64_t x, const uint8_t* values, Pair image, int64_t channels, int64_t times) {
  for (int64_t i = 0; i < image.h * times; ++i)
    for (int64_t j = 0; j < image.w * times; ++j) {
      const uint8_t* value = values + (i / times * image.w + j / times) * channels;
      dot(y + i, x + j, channels >= 3 ? Colour{value[0], value[1], value[2]} : Colour{value[0], value[0], value[0]});
    }
}

void Picture::text(int64_t y, int64_t x, std::string_view text, Colour colour, int64_t width) {
  std::vector<uint64_t> shapes;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // goes on with a character
    shapes.push_back(byte >= 32 && byte < 127 ? letters[byte - 32] : box);
  }
  const auto most = static_cast<size_t>(std::max<int64_t>(width / letter_width, 1));
  if (shapes.size() > most) {
    shapes.resize(most);
    shapes.back() = letters['.' - ' '];
  }
  for (size_t k = 0; k < shapes.size(); ++k)
    for (int64_t i = 0; i < 35; ++i)
      if (shapes[k] >> (34 - i) & 1) dot(y + i / 5, x + static_cast<int64_t>(k) * letter_width + i % 5, colour);
}

void Picture::write(const std::filesystem::path& path) const { write_png(path, size_, 3, dots_); }

}  // namespace dl
