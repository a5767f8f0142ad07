// Blocks by what caches hold.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/winograd_plan.h"

#include <algorithm>

#include "lib/base/division.h"

namespace dl {
namespace {

constexpr int64_t least_block = 28, most_block = 128;  // tiles: two heights of the register tile, and enough
constexpr int64_t few_blocks = 16;
constexpr int most_vectors = 4;         // of a panel
constexpr int64_t chunk_floats = 4096;  // of an epilogue

constexpr int64_t group_bytes = 4 << 20;  // of transformed tiles: they stay in the last-level cache
constexpr int64_t least_depth = 256;      // of a product, so that adding to sums in memory costs little
constexpr int64_t most_depth = 2048;

// Of tiles: as many as stay in half of the second-level cache with what is made of them, in equal blocks.
int64_t rows_of_block(const WinogradTiles& t, int64_t in_row, int64_t out_row, int64_t l2_bytes) {
  const int64_t fit = l2_bytes / 2 / (4 * winograd_points * (in_row + out_row));
  const int64_t wanted = std::clamp(fit, least_block, most_block);
  const int64_t unit = t.out_height % winograd_out == 0 ? 1 : t.down();  // blocks of equally many pixels
  const int64_t units = t.rows() / unit;
  const int64_t blocks = std::min(round_up(ceil_div(t.count(), wanted), 8), units);
  // Few blocks of which one is odd leave threads idle: smaller ones may be even.
  const int64_t most = ceil_div(units, blocks);
  for (int64_t each = most; ceil_div(units, most) < few_blocks && each * unit * t.across() >= least_block / 2; --each) {
    if (ceil_div(units, each) % 2 == 0) return each * unit;
  }
  return most * unit;
}

// Of pixels: as many as stay in the first-level cache, in equal parts of an image.
int64_t rows_of_chunk(const WinogradTiles& t) {
  int64_t rows = std::clamp<int64_t>(chunk_floats / (t.out_width * t.out_channels), 1, t.out_height);
  while (t.out_height % rows != 0) --rows;
  return rows;
}

int parts_of_columns(const WinogradPlan& p, int threads, int64_t l2_bytes) {
  for (int parts = 1; parts < threads; ++parts) {
    if (threads % parts == 0 && threads / parts <= p.tiles.rows() &&
        4 * winograd_points * p.kept_stride / parts <= l2_bytes / 2)
      return parts;
  }
  return threads;
}

// Of tiles, of `rows` in equal groups.
int64_t rows_of_group(const WinogradGradWeightPlan& p, int64_t rows, int64_t bytes) {
  const int64_t depth = std::clamp(bytes / (4 * winograd_points * (p.in_row + p.out_row)), least_depth, most_depth);
  return ceil_div(rows, ceil_div(rows, std::max<int64_t>(depth / p.tiles.across(), 1)));
}

}  // namespace

WinogradPlan plan_winograd(const WinogradTiles& tiles, int lanes, int threads, int64_t l2_bytes) {
  WinogradPlan p{.tiles = tiles, .by_panels = tiles.out_channels > tiles.count()};
  p.in_row = round_up(tiles.in_channels, lanes);
  p.out_row = p.by_panels ? most_vectors * lanes : round_up(tiles.out_channels, lanes);
  p.block_rows = p.by_panels ? tiles.rows() : rows_of_block(tiles, p.in_row, p.out_row, l2_bytes);
  p.in_stride = winograd_stride(p.block_tiles() * p.in_row);
  p.out_stride = winograd_stride(p.block_tiles() * p.out_row);
  p.weight_stride = winograd_stride(tiles.in_channels * p.out_row);
  p.kept_stride = winograd_stride(tiles.in_channels * round_up(tiles.out_channels, lanes));
  if (p.by_panels) {
    p.product_floats = tiles.pixels() * tiles.out_channels;
    p.chunk_pixels = rows_of_chunk(tiles) * tiles.out_width;
    p.column_parts = parts_of_columns(p, threads, l2_bytes);
  } else {
    p.chunk_pixels = tiles.first_pixel(p.block_rows);
    p.product_floats = round_up(p.chunk_pixels * tiles.out_channels, 16);
  }
  return p;
}

WinogradGradWeightPlan plan_winograd_grad_weight(const WinogradTiles& tiles, int lanes, int threads) {
  WinogradGradWeightPlan p{.tiles = tiles};
  p.in_row = round_up(tiles.in_channels, lanes);
  p.out_row = round_up(tiles.out_channels, lanes);
  p.widest = std::min<int64_t>(most_vectors * lanes, p.out_row);
  p.group_rows = rows_of_group(p, tiles.rows(), group_bytes);
  p.whole = p.group_rows == tiles.rows();
  if (!p.whole && tiles.count() * (p.in_row + p.out_row) > 2 * p.in_row * p.out_row) {
    p.halves = 2;
    p.at_once = threads % 2 == 0 ? 2 : 1;
    p.group_rows = rows_of_group(p, p.half(0).end, group_bytes / 2);
  }
  p.in_stride = winograd_stride(p.depth() * p.in_row);
  p.out_stride = winograd_stride(p.depth() * p.out_row);
  p.sum_stride = winograd_stride(tiles.in_channels * (p.whole ? p.widest : p.out_row));
  return p;
}

}  // namespace dl
