// Matrix products in bf16 by blocks that stay in cache, as those in f32 (../gemm.cpp); B is always packed, because its
// depth comes in pairs, and A where its depth is strided.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/gemm.h"

#include "lib/device/cpu/simd/ahead.h"
#include "lib/device/cpu/simd/bf16/tile.h"
#include "lib/device/cpu/simd/bf16/words.h"
#include "lib/device/cpu/simd/even_blocks.h"
#include "lib/device/cpu/simd/spaced.h"

namespace dl::DL_ISA {
namespace {

constexpr int64_t depth_block = 768;   // a panel of B of this depth stays close to the core
constexpr int64_t row_block = 112;     // these rows of A, and those fetched ahead, take a third of the second cache
constexpr int64_t column_block = 256;  // and the panels of B another
constexpr int64_t pair = 2 * lanes;    // panels of a B that is packed beforehand are two vectors wide

// Elements, two of which share a float of the buffer.
uint16_t* elements(float* words) { return reinterpret_cast<uint16_t*>(words); }
const uint16_t* elements(const float* words) { return reinterpret_cast<const uint16_t*>(words); }

// packed[pair][j] = the words of columns j < width, a multiple of `lanes`; 0 for j >= columns.
void pack_panel(const uint16_t* b, int64_t b_depth, int64_t b_column, int64_t width, int64_t columns, int64_t depth,
                uint16_t* packed) {
  for (int64_t v = 0; v < width; v += lanes) {
    const int count = static_cast<int>(columns - v < 0 ? 0 : smaller(columns - v, lanes));
    uint16_t* to = packed + 2 * v;
    const auto put = [=](int64_t p, vf x) __attribute__((always_inline)) { store_words(to + 2 * p * width, x); };
    if (b_column != 1) {
      pair_columns(b + v * b_column, b_column, count, depth, put);
    } else if (count == lanes) {
      pair_rows(b + v, b_depth, lanes, depth, put);
    } else {
      pair_rows(b + v, b_depth, count, depth, put);
    }
  }
}

int64_t panel_floats(int64_t columns, int64_t depth) {
  return round_up(smaller(depth, depth_block), 2) / 2 * smaller(round_up(columns, pair), column_block + pair);
}

int64_t workspace(int64_t columns, int64_t depth, const GemmBlocks&) {
  return panel_floats(columns, depth) + round_up(smaller(depth, depth_block), 2) / 2 * round_up(row_block, lanes);
}

// Packed B holds, for each block of depth, the panels one behind another.
int64_t packed_floats(int64_t columns, int64_t depth) { return round_up(columns, lanes) * round_up(depth, 2) / 2; }

void pack(const Bf16Gemm& g, int64_t column_begin, int64_t column_end, float* packed) {
  const int64_t depth_step = even_block(g.depth, depth_block, 2);
  for (int64_t k = 0; k < g.depth; k += depth_step) {
    const int64_t depth = smaller(depth_step, g.depth - k);
    uint16_t* block = elements(packed) + k * round_up(g.columns, lanes);
    for (int64_t j = column_begin; j < column_end; j += pair) {
      pack_panel(g.b + k * g.b_depth + j * g.b_column, g.b_depth, g.b_column, g.columns - j > lanes ? pair : lanes,
                 smaller(pair, g.columns - j), depth, block + j * round_up(depth, 2));
    }
  }
}

// One block of columns and depth, with all rows: each panel of B is packed when the first rows come to it, unless all
// of B is packed already. `room`: see left_block().
void multiply_block(const Bf16Gemm& g, const uint16_t* packed, int64_t column, int64_t columns, int64_t k,
                    int64_t depth, uint16_t* panels, uint16_t* a_words, uint16_t* room) {
  const Along along = g.a_depth == 1 ? Along::depth : Along::row;
  const int64_t row_step = even_block(g.rows, row_block, most_rows(2)), whole_depth = round_up(depth, 2);
  for (int64_t row = 0; row < g.rows; row += row_step) {
    const int64_t rows = smaller(row_step, g.rows - row);
    const GemmBlock now{row, rows, row_step, column, columns, k, depth};
    const Left<uint16_t> left_factor = left_block(g, now, room);
    const int64_t a_width = round_up(rows, lanes);
    if (along == Along::row) pack_panel(left_factor.a, g.a_depth, 1, a_width, rows, depth, a_words);
    BlockAhead<uint16_t> ahead(g, now, pair, packed == nullptr);
    int vectors = 0;
    for (int64_t j = 0; j < columns; j += int64_t{vectors} * lanes) {
      const int64_t left = columns - j;
      vectors = packed == nullptr ? next_vectors(left, g.rows) : left > lanes ? 2 : 1;
      const int64_t width = int64_t{vectors} * lanes;
      Bf16Tile t;
      t.a = along == Along::row ? a_words : left_factor.a;
      t.a_row = along == Along::row ? 2 : left_factor.a_row;
      t.a_depth = along == Along::row ? a_width : 1;
      t.depth = depth;
      t.b_depth = width;
      t.c = g.c + row * g.c_row + column + j;
      t.c_row = g.c_row;
      t.accumulate = g.accumulate || k > 0;
      t.last = static_cast<int>(left < width ? left - (width - lanes) : lanes);
      if (packed != nullptr) {
        t.b = packed + k * round_up(g.columns, lanes) + (column + j) * whole_depth;
      } else {
        uint16_t* panel = panels + j * whole_depth;
        if (row == 0) {
          pack_panel(g.b + k * g.b_depth + (column + j) * g.b_column, g.b_depth, g.b_column, width,
                     smaller(width, left), depth, panel);
        }
        t.b = panel;
      }
      ahead.begin_panel(j, vectors);
      for_each_tile(t, rows, vectors, [&](const Bf16Tile& tile, int height) {
        ahead.fetch_part();
        run_bf16_tile(tile, along, height, vectors);
      });
    }
  }
}

void multiply_blocks(const Bf16Gemm& g, const float* packed, float* words, uint16_t* room) {
  if (g.depth == 0 && !g.accumulate) {
    for (int64_t r = 0; r < g.rows; ++r) {
      for (int64_t j = 0; j < g.columns; ++j) g.c[r * g.c_row + j] = 0;
    }
  }
  const int64_t column_step = even_block(g.columns, column_block, pair);
  const int64_t depth_step = even_block(g.depth, depth_block, 2);
  uint16_t* a_words = words == nullptr ? nullptr : elements(words + panel_floats(g.columns, g.depth));
  for (int64_t column = 0; column < g.columns; column += column_step) {
    const int64_t columns = smaller(column_step, g.columns - column);
    for (int64_t k = 0; k < g.depth; k += depth_step) {
      multiply_block(g, packed == nullptr ? nullptr : elements(packed), column, columns, k,
                     smaller(depth_step, g.depth - k), words == nullptr ? nullptr : elements(words), a_words, room);
    }
  }
}

// By itself, so that only such products take the stack.
__attribute__((noinline)) void multiply_crowded(const Bf16Gemm& g, const float* packed, float* words) {
  alignas(64) uint16_t room[spaced_block<uint16_t>(round_up(row_block, most_rows(2)), depth_block)];
  multiply_blocks(g, packed, words, room);
}

void multiply_any(const Bf16Gemm& g, const float* packed, float* words) {
  // Where A lies along the rows, it is copied anyway.
  g.a_depth == 1 && crowds(g) ? multiply_crowded(g, packed, words) : multiply_blocks(g, packed, words, nullptr);
}

void multiply(const Bf16Gemm& g, float* words) { multiply_any(g, nullptr, words); }
void multiply_packed(const Bf16Gemm& g, const float* packed) { multiply_any(g, packed, nullptr); }

}  // namespace

const Bf16GemmKernels bf16_gemm_kernels = {workspace,     multiply, most_rows(2),    pair,
                                           packed_floats, pack,     multiply_packed, nullptr};

}  // namespace dl::DL_ISA
