// Histograms of tiles.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/clahe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace dl {
namespace {

constexpr int byte_values = 256;
using ByteTable = std::array<uint8_t, byte_values>;

uint8_t rounded_byte(float x) { return static_cast<uint8_t>(std::clamp(std::nearbyint(x), 0.0f, 255.0f)); }

// What lies behind the border is mirrored there, without the last place itself.
int64_t mirrored_within(int64_t i, int64_t size) {
  if (size == 1) return 0;
  while (i >= size || i < 0) i = i < 0 ? -i : 2 * (size - 1) - i;
  return i;
}

// An axis cut into tiles, behind its end mirrored where they do not come out even.
struct Tiles {
  int64_t size, count, each;
  // OpenCV mirrors both axes where one of them does not come out even.
  Tiles(int64_t size, int64_t count, bool even)
      : size(size), count(count), each((even ? size : size + count - size % count) / count) {}

  // The tiles between whose centres a place lies, and how far it is from the first's.
  struct Between {
    int64_t first, second;
    float share;
  };
  Between around(int64_t place) const {
    const float at = static_cast<float>(place) * (1.0f / static_cast<float>(each)) - 0.5f, before = std::floor(at);
    const auto tile = static_cast<int64_t>(before);
    return {std::max<int64_t>(tile, 0), std::min(tile + 1, count - 1), at - before};
  }
};

ByteTable table_of(std::array<int64_t, byte_values> counts, int64_t pixels, double clip_limit) {
  const int64_t most =
      std::max<int64_t>(static_cast<int64_t>(clip_limit * static_cast<double>(pixels) / byte_values), 1);
  int64_t over = 0;
  for (int64_t& count : counts) {
    over += std::max<int64_t>(count - most, 0);
    count = std::min(count, most);
  }
  for (int64_t& count : counts) count += over / byte_values;
  int64_t rest = over % byte_values;
  const int64_t step = rest > 0 ? std::max<int64_t>(byte_values / rest, 1) : 1;
  for (int64_t i = 0; i < byte_values && rest > 0; i += step, --rest) ++counts[static_cast<size_t>(i)];
  ByteTable table;
  int64_t below = 0;
  const float scale = 255.0f / static_cast<float>(pixels);
  for (size_t i = 0; i < table.size(); ++i) table[i] = rounded_byte(static_cast<float>(below += counts[i]) * scale);
  return table;
}

}  // namespace

void equalize_tiles(const uint8_t* in, const ImageType& type, double clip_limit, Pair grid, uint8_t* out) {
  const bool even = type.h % grid.h == 0 && type.w % grid.w == 0;
  const Tiles down(type.h, grid.h, even), across(type.w, grid.w, even);
  const int64_t channels = type.c;
  std::vector<ByteTable> tables(static_cast<size_t>(grid.h * grid.w));
  for (int64_t c = 0; c < channels; ++c) {
    const auto at = [&](int64_t y, int64_t x) { return (y * type.w + x) * channels + c; };
    for (int64_t tile = 0; tile < std::ssize(tables); ++tile) {
      std::array<int64_t, byte_values> counts{};
      for (int64_t y = tile / grid.w * down.each; y < (tile / grid.w + 1) * down.each; ++y)
        for (int64_t x = tile % grid.w * across.each; x < (tile % grid.w + 1) * across.each; ++x)
          ++counts[in[at(mirrored_within(y, type.h), mirrored_within(x, type.w))]];
      tables[static_cast<size_t>(tile)] = table_of(counts, down.each * across.each, clip_limit);
    }
    for (int64_t y = 0; y < type.h; ++y) {
      const Tiles::Between row = down.around(y);
      for (int64_t x = 0; x < type.w; ++x) {
        const Tiles::Between column = across.around(x);
        const uint8_t value = in[at(y, x)];
        const auto of = [&](int64_t i, int64_t k) {
          return static_cast<float>(tables[static_cast<size_t>(i * grid.w + k)][value]);
        };
        const auto mixed = [&](int64_t i) {
          return of(i, column.first) * (1 - column.share) + of(i, column.second) * column.share;
        };
        out[at(y, x)] = rounded_byte(mixed(row.first) * (1 - row.share) + mixed(row.second) * row.share);
      }
    }
  }
}

}  // namespace dl
