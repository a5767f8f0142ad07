// Tests of how a convolution by tiles is put into blocks.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/winograd_plan.h"

#include <doctest/doctest.h>

namespace dl {
namespace {

WinogradTiles tiles(int64_t images, int64_t size, int64_t in, int64_t out) {
  return {.images = images,
          .in_height = size,
          .in_width = size,
          .in_channels = in,
          .out_height = size,
          .out_width = size,
          .out_channels = out,
          .pad_top = 1,
          .pad_left = 1};
}

// Calls f(tiles, lanes) with all kinds: one image and many, one tile and many, channels that fill vectors or not.
template <class F>
void each_shape(F f) {
  for (const int64_t images : {1, 3, 64, 257})
    for (const int64_t size : {3, 4, 7, 14, 32, 57})
      for (const int64_t in : {1, 16, 65, 512})
        for (const int64_t out : {1, 24, 512})
          for (const int lanes : {8, 16}) {
            CAPTURE(images);
            CAPTURE(size);
            CAPTURE(in);
            CAPTURE(out);
            f(tiles(images, size, in, out), lanes);
          }
}

TEST_CASE("blocks of tiles cover all of them, end with whole images where a row of tiles is cut, and stay in cache") {
  for (const int64_t l2_bytes : {256 << 10, 1 << 20, 2 << 20}) {
    each_shape([&](const WinogradTiles& t, int lanes) {
      const WinogradPlan p = plan_winograd(t, lanes, 2, l2_bytes);
      CHECK(p.by_panels == (t.out_channels > t.count()));
      CHECK(p.in_row >= t.in_channels);
      CHECK(p.in_row % lanes == 0);
      CHECK(p.out_row % lanes == 0);
      for (const int64_t stride : {p.in_stride, p.out_stride, p.weight_stride, p.kept_stride})
        CHECK(stride / 16 % 2 == 1);
      CHECK(p.in_stride >= p.block_tiles() * p.in_row);
      if (p.by_panels) {
        CHECK(p.block_rows == t.rows());
        CHECK(p.product_floats == t.pixels() * t.out_channels);
        CHECK(t.out_height * t.out_width % p.chunk_pixels == 0);
        CHECK(p.chunk_pixels % t.out_width == 0);
        return;
      }
      CHECK(p.block_rows >= 1);
      CHECK(p.block_rows <= t.rows());
      CHECK(p.product_floats >= p.chunk_pixels * t.out_channels);
      for (int64_t row = 0; row < t.rows(); row += p.block_rows) {  // an epilogue's chunks have equally many pixels
        const int64_t end = std::min(row + p.block_rows, t.rows());
        CHECK((t.first_pixel(end) - t.first_pixel(row) == p.chunk_pixels || end == t.rows()));
      }
      const int64_t unit = t.out_height % winograd_out == 0 ? t.across() : t.down() * t.across();
      const int64_t but_one = p.block_tiles() - unit;  // a last row or image of tiles may go beyond
      CHECK((but_one <= 28 || 4 * winograd_points * but_one * (p.in_row + p.out_row) <= l2_bytes / 2));
    });
  }
}

TEST_CASE("few blocks are evenly many, so that two threads have as many each") {
  // Fourteen rows of tiles, not seven pairs; and more than enough of them.
  CHECK(plan_winograd(tiles(1, 56, 64, 64), 16, 2, 2 << 20).block_rows == 1);
  CHECK(plan_winograd(tiles(16, 56, 64, 64), 16, 2, 2 << 20).block_rows == 4);
}

TEST_CASE("threads divide rows of tiles where the weights of all columns stay in their caches, else columns") {
  const auto column_parts = [](const WinogradTiles& t, int threads, int64_t l2_bytes) {
    const WinogradPlan p = plan_winograd(t, 16, threads, l2_bytes);
    REQUIRE(p.by_panels);
    return p.column_parts;
  };
  const WinogradTiles small = tiles(1, 14, 32, 64);  // whose weights take 295 KB
  CHECK(column_parts(small, 1, 2 << 20) == 1);
  CHECK(column_parts(small, 2, 2 << 20) == 1);
  CHECK(column_parts(small, 2, 512 << 10) == 2);
  CHECK(column_parts(small, 8, 2 << 20) == 2);  // there are four rows of tiles
  CHECK(column_parts(tiles(1, 28, 128, 128), 2, 2 << 20) == 2);
  CHECK(column_parts(tiles(1, 28, 128, 128), 12, 2 << 20) == 3);
  CHECK(column_parts(tiles(1, 14, 512, 512), 4, 2 << 20) == 4);
}

TEST_CASE("groups of tiles cover both halves of the images for the gradient of the weight") {
  int whole = 0, halved = 0;
  for (const int threads : {1, 2, 3}) {
    each_shape([&](const WinogradTiles& t, int lanes) {
      const WinogradGradWeightPlan p = plan_winograd_grad_weight(t, lanes, threads);
      CHECK(p.group_rows >= 1);
      CHECK(p.half(0).begin == 0);
      CHECK(p.half(p.halves - 1).end == t.rows());
      CHECK(p.group_rows <= p.half(0).end);
      CHECK(p.whole == (p.halves == 1 && p.group_rows == t.rows()));
      CHECK(p.depth() <= 2048 + t.across());
      CHECK((p.at_once == 1 || (p.halves == 2 && threads % 2 == 0)));
      CHECK(p.sum_stride >= t.in_channels * (p.whole ? p.widest : p.out_row));
      whole += p.whole;
      halved += p.halves == 2;
      // The same sums, in the same order, whatever the number of threads.
      const WinogradGradWeightPlan one = plan_winograd_grad_weight(t, lanes, 1);
      CHECK(p.halves == one.halves);
      CHECK(p.group_rows == one.group_rows);
    });
  }
  CHECK(whole > 0);
  CHECK(halved > 0);
}

}  // namespace
}  // namespace dl
