// The emulated tiles do what Intel's manual says of AMX: cases calculated by hand.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <stdexcept>

#include "lib/base/bf16.h"
#include "tests/amx/emulated_tiles.h"
#include "tests/error_text.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Configured while it lives: in a test that fails too.
struct Tiles {
  explicit Tiles(const TileConfig& config = whole_tiles()) { configure_tiles(config); }
  ~Tiles() { release_tiles(); }
};

struct Factors {
  float a, b;
};

// Element [3][5] of a product whose row and column hold these factors, from k = 0 on, in the first and in the second
// place of a pair; the rest is 0.
float element(float c, std::initializer_list<Factors> first, std::initializer_list<Factors> second = {}) {
  std::array<std::array<uint16_t, 32>, 16> a{}, b{};
  std::array<std::array<float, 16>, 16> sums{};
  const auto put = [&](size_t place, std::initializer_list<Factors> factors) {
    for (size_t k = 0; const Factors& f : factors) {
      a[3][2 * k + place] = bf16_of_float(f.a);
      b[k][2 * 5 + place] = bf16_of_float(f.b);
      REQUIRE((std::isnan(f.a) || float_of_bf16(a[3][2 * k + place]) == f.a));
      ++k;
    }
  };
  put(0, first);
  put(1, second);
  sums[3][5] = c;
  const Tiles tiles;
  load_tile(0, sums.data(), 64);
  load_tile(1, a.data(), 64);
  load_tile(2, b.data(), 64);
  add_products_of_tiles(0, 1, 2);
  store_tile(0, sums.data(), 64);
  return sums[3][5];
}

bool is_zero(float x, bool negative) { return x == 0 && std::signbit(x) == negative; }

}  // namespace

TEST_CASE("an element of a product of tiles is the sum over a row's and a column's pairs") {
  std::array<std::array<uint16_t, 32>, 16> a{}, b{};
  std::array<std::array<float, 20>, 16> c{};
  const auto x = [](size_t m, size_t d) { return static_cast<int>((3 * m + 5 * d) % 11) - 5; };
  const auto y = [](size_t d, size_t n) { return static_cast<int>((7 * d + 2 * n) % 13) - 6; };
  for (size_t i = 0; i < 16; ++i) {
    for (size_t d = 0; d < 32; ++d) {
      a[i][d] = bf16_of_float(static_cast<float>(x(i, d)));
      b[d / 2][2 * i + d % 2] = bf16_of_float(static_cast<float>(y(d, i)));
    }
    c[i].fill(static_cast<float>(i));
  }
  const Tiles tiles;
  load_tile(7, c.data(), 80);
  load_tile(0, a.data(), 64);
  load_tile(3, b.data(), 64);
  add_products_of_tiles(7, 0, 3);
  store_tile(7, c.data(), 80);
  for (size_t m = 0; m < 16; ++m) {
    for (size_t n = 0; n < 20; ++n) {
      int sum = static_cast<int>(m);
      for (size_t d = 0; d < 32 && n < 16; ++d) sum += x(m, d) * y(d, n);
      CHECK(c[m][n] == static_cast<float>(sum));
    }
  }
}

TEST_CASE("the first and the second places of pairs are added up apart, and their sum then to what was there") {
  const Factors large{0x1p12f, 0x1p12f}, one{1, 1};  // 2^24 + 1 is no float
  CHECK(element(0, {large, one, one}) == 0x1p24f);
  CHECK(element(0, {large}, {one, one}) == 0x1p24f + 2);
  CHECK(element(0x1p24f, {one}, {one}) == 0x1p24f + 2);
}

TEST_CASE("sums are rounded to the nearest float, ties to the even one, and products not before they are added") {
  CHECK(element(0, {{0x1p12f, 0x1p12f}, {2, 1}, {1, 1}}) == 0x1p24f + 4);
  CHECK(element(0, {{0x1p-63f, 0x1p-63f}, {0x1p-65f, 0x1p-65f}}) == 0x1.1p-126f);
  CHECK(element(0, {{-0x1p64f, 0x1p63f}, {0x1p64f, 0x1p64f}}) == 0x1p127f);
  CHECK(element(0, {{0x1p64f, 0x1p64f}, {-0x1p64f, 0x1p63f}}) == std::numeric_limits<float>::infinity());
}

TEST_CASE("denormals are 0 where they come in, and where they come out, of their sign") {
  const float denormal = float_of_bf16(1);
  CHECK(element(0, {{denormal, 0x1p127f}}) == 0);
  CHECK(element(std::numeric_limits<float>::denorm_min(), {}) == 0);
  CHECK(element(0, {{0x1p-65f, 0x1p-65f}, {0x1p-63f, 0x1p-63f}}) == 0x1p-126f);
  CHECK(is_zero(element(-0x1.8p-126f, {{0x1p-63f, 0x1p-63f}}), true));
  CHECK(is_zero(element(-0x1p-126f, {{0x1.8p-63f, 0x1p-63f}}), false));
  // What rounds up to the smallest normal number is none.
  CHECK(element(0, {{0x1p-63f, 0x1p-63f}, {-0x1p-75f, 0x1p-75f}}) == 0);
  CHECK(element(0, {{0x1p-63f, 0x1p-63f}, {-0x1p-76f, 0x1p-76f}}) == 0x1p-126f);
}

TEST_CASE("what is not a number stays so, also times 0") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  CHECK(std::isnan(element(0, {{nan, 0}})));
  CHECK(std::isnan(element(0, {}, {{0, nan}})));
  CHECK(std::isnan(element(nan, {{1, 1}})));
  CHECK(std::isnan(element(0, {{infinity, 0}})));
  CHECK(std::isnan(element(0, {{infinity, 1}}, {{-infinity, 1}})));
  CHECK(element(-1, {{infinity, 1}}) == infinity);
}

TEST_CASE("smaller tiles are multiplied within their shapes, and what lies beyond becomes 0") {
  TileConfig config = whole_tiles();
  config.rows[0] = config.rows[1] = 2;
  config.row_bytes[0] = config.row_bytes[2] = 12;
  config.row_bytes[1] = 8;
  config.rows[2] = 2;
  const std::array<uint16_t, 8> a{0x3f80, 0x3f80, 0x3f80, 0x3f80, 0x4000, 0x4000, 0x4000, 0x4000};  // 1 … and 2 …
  std::array<uint16_t, 12> b{};
  b.fill(0x4040);  // 3
  std::array<float, 8> c{-1, -1, -1, -1, -1, -1, -1, -1};
  const Tiles tiles(config);
  zero_tile(0);
  load_tile(1, a.data(), 8);
  load_tile(2, b.data(), 12);
  add_products_of_tiles(0, 1, 2);
  store_tile(0, c.data(), 16);
  CHECK(c == std::array<float, 8>{12, 12, 12, -1, 24, 24, 24, -1});
}

TEST_CASE("what the manual leaves undefined is found") {
  CHECK(error_text<std::logic_error>([] { zero_tile(0); }) == "tile 0 is not configured");
  const Tiles tiles;
  CHECK(error_text<std::logic_error>([] { zero_tile(7); }).empty());
  CHECK(error_text<std::logic_error>([] { zero_tile(8); }) == "tile 8 is not configured");
  CHECK(error_text<std::logic_error>([] { add_products_of_tiles(1, 1, 2); }) == "a tile twice in one product");
  TileConfig config = whole_tiles();
  config.rows[2] = 15;
  configure_tiles(config);
  CHECK(error_text<std::logic_error>([] { add_products_of_tiles(0, 1, 2); }) ==
        "shapes of tiles that do not go together");
  config.rows[2] = 17;
  CHECK(error_text<std::logic_error>([&] { configure_tiles(config); }) == "shape of a tile");
  config.rows[2] = 16;
  config.rows[8] = 1;
  CHECK(error_text<std::logic_error>([&] { configure_tiles(config); }) == "reserved bytes of the configuration");
  config.palette = 2;
  CHECK(error_text<std::logic_error>([&] { configure_tiles(config); }) == "palette 2");
}
