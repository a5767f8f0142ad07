// The model: what takes a processor's units, what its front end, and the bytes that move between its caches.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/gemm_blocks.h"

#include <algorithm>
#include <cmath>

#include "lib/base/division.h"
#include "lib/base/error.h"

namespace dl {
namespace {

// A tile of two vectors a row.
struct TileShape {
  double lanes = 0, rows = 0;
};
TileShape tile_of(Isa isa) {
  const GemmKernels& kernels = DL_FOR_ISA(isa, gemm_kernels);
  return {static_cast<double>(kernels.pack_unit) / 2, static_cast<double>(kernels.row_unit)};
}

constexpr double issue = 4;        // instructions a cycle: the least of the processors in question
constexpr double exposed = 0.5;    // of what moves, the rest being hidden behind the multiply-adds
constexpr double nearly = 1.08;    // of the best expected time: what a model cannot tell apart
constexpr double otherwise = 1.3;  // of it: what the other way of reading A is tried up to, as cores may share units
constexpr double least_flops = 4e6;
constexpr int64_t float_bytes = 4, line_bytes = 64;

// Cycles of a step of the depth in a tile, as a multiple of what the units take.
double step_cycles(const Machine& m, Isa isa, bool packed) {
  const TileShape tile = tile_of(isa);
  const double units = std::max(m.flops(isa) / (2 * tile.lanes * std::max(m.clock(isa), 1.0)), 1.0);
  const double multiply_adds = 2 * tile.rows, loads = 2, loop = 5;
  // Read in place, rows have pointers of their own, and an operand with an index is two instructions.
  const double reading = packed ? tile.rows : 2 * tile.rows + tile.rows / 3;
  return std::max(1.0, (multiply_adds + loads + reading + loop) / issue / (multiply_adds / units));
}

// With fewer columns, what is packed is not read often enough.
bool large_enough_to_pack(const Gemm& g, Isa isa) {
  return g.columns >= (g.a_depth == 1 ? 192 : 96) && static_cast<double>(g.rows) > 2 * tile_of(isa).rows;
}

}  // namespace

std::string text_of(const GemmBlocks& blocks) {
  return concat(blocks.packs_left ? "packed " : "in place ", blocks.rows, "x", blocks.columns);
}

double expected_seconds(const Gemm& g, const GemmBlocks& b, const Machine& m, Isa isa) {
  const auto rows = static_cast<double>(g.rows), columns = static_cast<double>(g.columns),
             depth = static_cast<double>(g.depth);
  const TileShape tile = tile_of(isa);
  const auto times = [](int64_t n, int64_t block) {
    return static_cast<double>(std::max<int64_t>(ceil_div(n, block), 1));
  };
  const auto moving = [&](double bytes, int64_t from_bytes) { return bytes / rate_of(m, from_bytes); };

  const double a_bytes = rows * depth * float_bytes, b_bytes = columns * depth * float_bytes,
               c_bytes = rows * columns * float_bytes;
  const int64_t a_place = g.rows * g.depth * float_bytes, b_place = g.columns * g.depth * float_bytes,
                c_place = g.rows * g.columns * float_bytes;
  const double column_blocks = times(g.columns, b.columns), row_blocks = times(g.rows, b.rows),
               depth_blocks = times(g.depth, gemm_depth_block);

  double seconds = 2 * rows * columns * depth / std::max(m.flops(isa), 1e9) * step_cycles(m, isa, b.packs_left);
  // Copied panels of B: once, and then read again by every block of rows but the first.
  const int64_t panels = std::min(g.columns, b.columns) * std::min(g.depth, gemm_depth_block) * float_bytes;
  seconds += moving(2 * b_bytes, b_place) + exposed * moving((row_blocks - 1) * b_bytes, panels);
  // A for every block of columns; in place along the rows, each step of a tile touches a line of its own.
  const int64_t block = std::min(g.rows, b.rows) * std::min(g.depth, gemm_depth_block) * float_bytes;
  if (b.packs_left) {
    seconds += column_blocks * moving(2 * a_bytes, a_place);
  } else {
    seconds += exposed * column_blocks * moving(a_bytes, a_place);
    if (g.a_depth != 1)
      seconds += exposed * moving(a_bytes / (tile.rows * float_bytes) * line_bytes * columns / (2 * tile.lanes), block);
  }
  // What a block of A exceeds of its part of the second cache comes from the next again for each panel.
  if (2 * block > m.l2_bytes)
    seconds +=
        exposed * a_bytes * columns / (2 * tile.lanes) / m.l3_rate * (1 - double(m.l2_bytes) / (2.0 * double(block)));
  return seconds + exposed * moving((2 * depth_blocks - 1) * c_bytes, c_place);
}

std::vector<GemmBlocks> likely_blocks(const Gemm& g, const Machine& m, Isa isa, size_t most) {
  // Two blocks of A, that at hand and the one fetched ahead, take a third of the second cache.
  const int64_t tile_rows = static_cast<int64_t>(tile_of(isa).rows);
  const int64_t fit = m.l2_bytes / 6 / (gemm_depth_block * float_bytes);
  const int64_t rows = std::clamp(fit / tile_rows * tile_rows, 4 * tile_rows, most_block_rows / tile_rows * tile_rows);
  std::vector<std::pair<double, GemmBlocks>> all;
  for (const bool packs : {false, true}) {
    if (packs && !large_enough_to_pack(g, isa)) continue;
    for (int64_t columns = 256; columns <= most_block_columns; columns *= 2) {
      const GemmBlocks blocks{
          .packs_left = packs, .rows = rows, .columns = columns, .resident_bytes = m.l2_bytes * 3 / 8};
      all.emplace_back(expected_seconds(g, blocks, m, isa), blocks);
      if (columns >= g.columns) break;  // wider blocks are the same
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  const double flops = 2.0 * double(g.rows) * double(g.columns) * double(g.depth);
  std::vector<GemmBlocks> likely;
  for (const auto& [seconds, blocks] : all) {
    if (!likely.empty() && (flops < least_flops || likely.size() >= most || seconds > nearly * all[0].first)) break;
    likely.push_back(blocks);
  }
  const auto other =
      std::ranges::find_if(all, [&](const auto& x) { return x.second.packs_left != likely[0].packs_left; });
  const bool is_tried =
      std::ranges::any_of(likely, [&](const GemmBlocks& b) { return b.packs_left != likely[0].packs_left; });
  if (most > 1 && flops >= least_flops && !is_tried && other != all.end() && other->first <= otherwise * all[0].first) {
    if (likely.size() == most) likely.pop_back();
    likely.push_back(other->second);
  }
  return likely;
}

}  // namespace dl
