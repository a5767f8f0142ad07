// The tiles and what is done to them.
// SPDX-License-Identifier: Apache-2.0
#include "tests/amx/emulated_tiles.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

namespace dl::testing {
namespace {

constexpr int most_rows = 16, most_bytes = 64, words = most_bytes / 4;

struct Tile {
  int rows = 0, bytes = 0;  // 0: not to be used
  std::array<std::array<uint32_t, words>, most_rows> row{};
};

thread_local std::array<Tile, 8> tiles;

void require(bool defined, const std::string& what) {
  if (!defined) throw std::logic_error(what);
}

Tile& usable(int tile) {
  require(tile >= 0 && tile < 8 && tiles[static_cast<size_t>(tile)].rows > 0,
          "tile " + std::to_string(tile) + " is not configured");
  return tiles[static_cast<size_t>(tile)];
}

// Denormals are 0, of their sign.
float flushed(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return (bits & 0x7f800000u) == 0 ? std::bit_cast<float>(bits & 0x80000000u) : x;
}

// A denormal sum of two floats is exact, so that it does not matter when it is flushed.
float add(float a, float b) { return flushed(flushed(a) + flushed(b)); }

// a b + c, rounded once to the nearest, ties to even; 0 where it would be denormal if exponents went on. a and b are
// bf16, so that their product is exact in double.
float multiply_add(float a, float b, float c) {
  constexpr double least = 0x1p-126 - 0x1p-151;  // rounds up to the smallest normal number
  const float x = flushed(a), y = flushed(b);
  const double sum = double{x} * double{y} + double{c};
  return std::abs(sum) < least ? std::copysign(0.0f, static_cast<float>(sum)) : std::fma(x, y, c);
}

float low(uint32_t pair) { return std::bit_cast<float>(pair << 16); }
float high(uint32_t pair) { return std::bit_cast<float>(pair & 0xffff0000u); }

}  // namespace

void configure_tiles(const TileConfig& config) {
  const auto zero = [](const auto* first, const auto* last) {
    return std::all_of(first, last, [](int x) { return x == 0; });
  };
  require(config.palette == 1, "palette " + std::to_string(config.palette));
  require(config.start_row == 0 && zero(config.reserved, config.reserved + 14) &&
              zero(config.row_bytes + 8, config.row_bytes + 16) && zero(config.rows + 8, config.rows + 16),
          "reserved bytes of the configuration");
  for (size_t t = 0; t < 8; ++t) {
    const int rows = config.rows[t], bytes = config.row_bytes[t];
    require(rows <= most_rows && bytes <= most_bytes && (rows == 0) == (bytes == 0), "shape of a tile");
    tiles[t] = {.rows = rows, .bytes = bytes};
  }
}

void release_tiles() { tiles.fill({}); }

void zero_tile(int tile) { usable(tile).row = {}; }

void load_tile(int tile, const void* from, int64_t stride) {
  Tile& t = usable(tile);
  t.row = {};
  for (int r = 0; r < t.rows; ++r)
    std::memcpy(t.row[static_cast<size_t>(r)].data(), static_cast<const char*>(from) + r * stride,
                static_cast<size_t>(t.bytes));
}

void store_tile(int tile, void* to, int64_t stride) {
  const Tile& t = usable(tile);
  for (int r = 0; r < t.rows; ++r)
    std::memcpy(static_cast<char*>(to) + r * stride, t.row[static_cast<size_t>(r)].data(),
                static_cast<size_t>(t.bytes));
}

void add_products_of_tiles(int c, int a, int b) {
  require(c != a && c != b && a != b, "a tile twice in one product");
  Tile& sum = usable(c);
  const Tile &x = usable(a), &y = usable(b);
  require(sum.bytes % 4 == 0 && sum.bytes == y.bytes && sum.rows == x.rows && x.bytes == 4 * y.rows,
          "shapes of tiles that do not go together");
  const auto columns = static_cast<size_t>(sum.bytes / 4), pairs = static_cast<size_t>(y.rows);
  for (size_t m = 0; m < static_cast<size_t>(sum.rows); ++m) {
    std::array<float, words> even{}, odd{};  // each half of the pairs is added up by itself
    for (size_t k = 0; k < pairs; ++k) {
      for (size_t n = 0; n < columns; ++n) {
        even[n] = multiply_add(low(x.row[m][k]), low(y.row[k][n]), even[n]);
        odd[n] = multiply_add(high(x.row[m][k]), high(y.row[k][n]), odd[n]);
      }
    }
    for (size_t n = 0; n < columns; ++n)
      sum.row[m][n] = std::bit_cast<uint32_t>(add(std::bit_cast<float>(sum.row[m][n]), add(even[n], odd[n])));
    std::fill(sum.row[m].begin() + static_cast<std::ptrdiff_t>(columns), sum.row[m].end(), 0);
  }
}

}  // namespace dl::testing
