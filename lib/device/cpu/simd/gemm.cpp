// Matrix products by blocks that stay in cache (Goto and van de Geijn 2008, "Anatomy of high-performance matrix
// multiplication"): a panel of B serves all rows, a block of A all panels.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/gemm.h"

#include "lib/device/cpu/simd/ahead.h"
#include "lib/device/cpu/simd/even_blocks.h"
#include "lib/device/cpu/simd/pack.h"
#include "lib/device/cpu/simd/spaced.h"

namespace dl::DL_ISA {
namespace {

constexpr int64_t depth_block = gemm_depth_block;
constexpr int64_t pair = 2 * lanes;  // panels of a B that is packed beforehand are two vectors wide

// packed[d * width + j] = b[d * b_depth + j * b_column], 0 for j >= columns; width = vectors * lanes.
void pack_panel(const float* b, int64_t b_depth, int64_t b_column, int vectors, int64_t columns, int64_t depth,
                float* packed) {
  const int64_t width = int64_t{vectors} * lanes;
  if (b_column == 1 && vectors == 2 && columns == width) {
    // Both vectors of a row at once, often a line of the cache; the processor does not fetch the next rows by itself.
    constexpr int64_t steps_ahead = 12;
    for (int64_t d = 0; d < depth; ++d, b += b_depth, packed += width) {
      __builtin_prefetch(b + steps_ahead * b_depth);
      const vf first = load(b), second = load(b + lanes);
      store(packed, first);
      store(packed + lanes, second);
    }
    return;
  }
  for (int v = 0; v < vectors; ++v) {
    const int count = static_cast<int>(smaller(columns - v * lanes, lanes));
    const float* from = b + v * lanes * b_column;
    float* to = packed + v * lanes;
    if (b_column == 1) {
      if (count == lanes) {
        for (int64_t d = 0; d < depth; ++d) store(to + d * width, load(from + d * b_depth));
      } else {
        for (int64_t d = 0; d < depth; ++d) store(to + d * width, load_first(from + d * b_depth, count));
      }
    } else {
      turn_rows(from, b_column, count, depth, [=](int64_t d, vf x) { store(to + d * width, x); });
    }
  }
}

int64_t workspace(int64_t columns, int64_t depth, const GemmBlocks& blocks) {
  return smaller(depth, depth_block) * smaller(round_up(columns, pair), blocks.columns + pair);
}

// A block of an A that lies along the depth, as its tiles read it: of each tile [depth][height].
void pack_left(const Gemm& g, const GemmBlock& now, float* to) {
  const float* a = g.a + now.row * g.a_row + now.k;
  for (int64_t left = now.rows; left > 0;) {
    const int64_t height = next_height(left, 2);
    // A whole vector is stored at each step of the depth, the next one over what was too much of it.
    if (height > lanes) {
      for (int64_t d = 0; d < now.depth; ++d)
        for (int64_t r = 0; r < height; ++r) to[d * height + r] = a[r * g.a_row + d];
    } else {
      turn_rows(a, g.a_row, static_cast<int>(height), now.depth, [=](int64_t d, vf x) { store(to + d * height, x); });
    }
    to += height * now.depth;
    a += height * g.a_row;
    left -= height;
  }
}
constexpr int64_t packed_left_floats = round_up(most_block_rows, most_rows(2)) * depth_block + lanes;

// Rows of a block: whole tiles.
int64_t row_block(const Gemm& g) {
  return smaller(round_up(g.blocks.rows, most_rows(2)), most_block_rows / most_rows(2) * most_rows(2));
}

// Packed B holds, for each block of depth, the panels one behind another.
int64_t packed_floats(int64_t columns, int64_t depth) { return round_up(columns, lanes) * depth; }

void pack(const Gemm& g, int64_t column_begin, int64_t column_end, float* packed) {
  const int64_t depth_step = even_block(g.depth, depth_block, 1);
  for (int64_t k = 0; k < g.depth; k += depth_step) {
    const int64_t depth = smaller(depth_step, g.depth - k);
    float* block = packed + k * round_up(g.columns, lanes);
    for (int64_t j = column_begin; j < column_end; j += pair) {
      const int vectors = g.columns - j > lanes ? 2 : 1;
      pack_panel(g.b + k * g.b_depth + j * g.b_column, g.b_depth, g.b_column, vectors, smaller(pair, g.columns - j),
                 depth, block + j * depth);
    }
  }
}

// A block of columns and depth, of which all rows are multiplied with a panel after another.
struct ColumnBlock {
  int64_t column = 0, columns = 0, k = 0, depth = 0;
};

// A tile of C's panel of so many vectors from the block's column j on, of the rows from `row` on.
Tile tile_of(const Gemm& g, const ColumnBlock& block, int64_t row, int64_t j, int vectors) {
  Tile t;
  t.depth = block.depth;
  t.c = g.c + row * g.c_row + block.column + j;
  t.c_row = g.c_row;
  t.accumulate = g.accumulate || block.k > 0;
  t.last = static_cast<int>(smaller(block.columns - j - (vectors - 1) * lanes, lanes));
  return t;
}

const float* packed_panel(const Gemm& g, const ColumnBlock& block, const float* packed, int64_t j) {
  return packed + block.k * round_up(g.columns, lanes) + (block.column + j) * block.depth;
}
const float* b_of(const Gemm& g, const ColumnBlock& block, int64_t j) {
  return g.b + block.k * g.b_depth + (block.column + j) * g.b_column;
}
void pack_panel(const Gemm& g, const ColumnBlock& block, int64_t j, int vectors, float* panel) {
  pack_panel(b_of(g, block, j), g.b_depth, g.b_column, vectors, smaller(int64_t{vectors} * lanes, block.columns - j),
             block.depth, panel);
}

// A is packed in `room`: where it lies along its rows, by the tiles of the first panel. So is a B that lies along its
// rows and is not packed yet, by the first tile of each panel.
void multiply_packing(const Gemm& g, const float* packed, const ColumnBlock& block, float* panels, float* room) {
  const auto [column, columns, k, depth] = block;
  const int64_t row_step = even_block(g.rows, row_block(g), most_rows(2));
  for (int64_t row = 0; row < g.rows; row += row_step) {
    const int64_t rows = smaller(row_step, g.rows - row);
    const GemmBlock now{row, rows, row_step, column, columns, k, depth};
    const bool packed_before = column > 0 && g.rows == rows && g.depth == depth;
    const bool tiles_pack = !packed_before && g.a_depth != 1;
    if (!packed_before && !tiles_pack) pack_left(g, now, room);
    BlockAhead<float> ahead(g, now, pair, packed == nullptr);
    for (int64_t j = 0; j < columns; j += pair) {
      const int vectors = columns - j > lanes ? 2 : 1;
      Tile t = tile_of(g, block, row, j, vectors);
      PackedFactors factors{.left = room};
      float* const panel = panels + j * depth;
      if (packed != nullptr) {
        t.b = packed_panel(g, block, packed, j);
      } else if (row == 0 && g.b_column == 1) {
        factors.from_b = PackedFactors::along_row;
        factors.right = panel;
        t.b = b_of(g, block, j);
        t.b_depth = g.b_depth;
      } else {
        if (row == 0) pack_panel(g, block, j, vectors, panel);
        t.b = panel;
      }
      ahead.begin_panel(j, vectors);
      for (int64_t done = 0, height = 0; done < rows; done += height) {
        height = next_height(rows - done, 2);
        t.a = factors.left;
        if (tiles_pack && j == 0) {
          factors.from_a = PackedFactors::along_row;
          t.a = g.a + row + done + k * g.a_depth;
          t.a_depth = g.a_depth;
        }
        run_packed_tile(t, factors, ahead.next_part(), static_cast<int>(height), vectors);
        factors.left += height * depth;
        t.c += height * g.c_row;
        if (factors.from_b == PackedFactors::packed) continue;
        factors.from_b = PackedFactors::packed;
        t.b = panel;
      }
    }
  }
}

// A is read where it lies, or in `room`, where left_block() has put it. Each panel of B is packed when the first rows
// come to it, unless all of B is packed already or so few rows need it that it is read in place.
void multiply_in_place(const Gemm& g, const float* packed, const ColumnBlock& block, float* panels, float* room) {
  const auto [column, columns, k, depth] = block;
  const Along along = g.a_depth != 1 ? Along::row : Along::depth;
  const bool in_place = g.b_column == 1 && g.rows <= 2 * most_rows(2);
  const int64_t row_step = even_block(g.rows, row_block(g), most_rows(2));
  for (int64_t row = 0; row < g.rows; row += row_step) {
    const int64_t rows = smaller(row_step, g.rows - row);
    const GemmBlock now{row, rows, row_step, column, columns, k, depth};
    const Left<float> left_factor = left_block(g, now, room);
    BlockAhead<float> ahead(g, now, pair, packed == nullptr && !in_place);
    int vectors = 0;
    for (int64_t j = 0; j < columns; j += int64_t{vectors} * lanes) {
      vectors = packed == nullptr ? next_vectors(columns - j, g.rows) : columns - j > lanes ? 2 : 1;
      Tile t = tile_of(g, block, row, j, vectors);
      t.a = left_factor.a;
      t.a_row = left_factor.a_row;
      t.a_depth = left_factor.a_depth;
      t.b_depth = int64_t{vectors} * lanes;
      Along how = along;
      if (packed != nullptr) {
        t.b = packed_panel(g, block, packed, j);
      } else if (in_place && (t.last == lanes || along == Along::row)) {
        t.b = b_of(g, block, j);
        t.b_depth = g.b_depth;
        if (t.last < lanes) how = Along::row_masked;
      } else {
        float* const panel = panels + j * depth;
        if (row == 0) pack_panel(g, block, j, vectors, panel);
        t.b = panel;
      }
      ahead.begin_panel(j, vectors);
      for_each_tile(t, rows, vectors, [&](const Tile& tile, int height) {
        ahead.fetch_part();
        run_tile(tile, how, height, vectors);
      });
    }
  }
}

// Some steps of the depth with all columns, and then the next: what lies together in B is read together, as the
// processor fetches it by itself. The sums wait in C, or in `room` where C has those of other blocks already.
void multiply_b_by_rows(const Gemm& g, const ColumnBlock& block, float* room) {
  constexpr int64_t steps = 64;
  const auto [column, columns, k, depth] = block;
  const Along along = g.a_depth != 1 ? Along::row : Along::depth;
  const bool apart = k > 0 || g.accumulate;
  float* const c = g.c + column;
  float* const sums = apart ? room : c;
  const int64_t sums_row = apart ? columns : g.c_row;
  // Columns that do not fill a vector are packed unless B may be read with a mask.
  float* const rest = apart ? room + g.rows * columns : room;
  const int64_t in_vectors = along == Along::depth ? columns / lanes * lanes : columns;
  if (in_vectors < columns) pack_panel(g, block, in_vectors, 1, rest);
  for (int64_t d = 0; d < depth; d += steps) {
    int vectors = 0;
    for (int64_t j = 0; j < columns; j += int64_t{vectors} * lanes) {
      const bool is_rest = j >= in_vectors;
      vectors = is_rest ? 1 : next_vectors(in_vectors - j, g.rows);
      Tile t = tile_of(g, block, 0, j, vectors);
      t.a = g.a + (k + d) * g.a_depth;
      t.a_row = g.a_row;
      t.a_depth = g.a_depth;
      t.b = is_rest ? rest + d * lanes : b_of(g, block, j) + d * g.b_depth;
      t.b_depth = is_rest ? lanes : g.b_depth;
      t.depth = smaller(steps, depth - d);
      t.c = sums + j;
      t.c_row = sums_row;
      t.accumulate = false;
      t.continues = d > 0;
      const Along how = along == Along::row && t.last < lanes ? Along::row_masked : along;
      for_each_tile(t, g.rows, vectors, [&](const Tile& tile, int height) { run_tile(tile, how, height, vectors); });
    }
  }
  if (!apart) return;
  for (int64_t r = 0; r < g.rows; ++r)
    for (int64_t j = 0; j < columns; ++j) c[r * g.c_row + j] += sums[r * sums_row + j];
}

void clear(const Gemm& g) {
  for (int64_t r = 0; r < g.rows; ++r) {
    for (int64_t j = 0; j < g.columns; ++j) g.c[r * g.c_row + j] = 0;
  }
}

// multiply(block) for each block of columns and depth.
template <class F>
void each_block(const Gemm& g, F multiply) {
  if (g.depth == 0 && !g.accumulate) return clear(g);
  const int64_t column_step = even_block(g.columns, g.blocks.columns, pair);
  const int64_t depth_step = even_block(g.depth, depth_block, 1);
  for (int64_t column = 0; column < g.columns; column += column_step) {
    const int64_t columns = smaller(column_step, g.columns - column);
    for (int64_t k = 0; k < g.depth; k += depth_step)
      multiply(ColumnBlock{column, columns, k, smaller(depth_step, g.depth - k)});
  }
}

// By themselves, so that only such products take the stack.
__attribute__((noinline)) void multiply_crowded(const Gemm& g, const float* packed, float* panels) {
  alignas(64) float room[spaced_block<float>(round_up(most_block_rows, most_rows(2)), depth_block)];
  each_block(g, [&](const ColumnBlock& block) { multiply_in_place(g, packed, block, panels, room); });
}
__attribute__((noinline)) void multiply_packed_left(const Gemm& g, const float* packed, float* panels) {
  alignas(64) float room[packed_left_floats];
  each_block(g, [&](const ColumnBlock& block) { multiply_packing(g, packed, block, panels, room); });
}

void multiply_any(const Gemm& g, const float* packed, float* panels) {
  // A panel's depth has room for the sums of all rows.
  if (packed == nullptr && reads_b_by_rows(g, most_rows(2)) && (!g.accumulate || g.depth > depth_block))
    return each_block(g, [&](const ColumnBlock& block) { multiply_b_by_rows(g, block, panels); });
  if (g.blocks.packs_left) return multiply_packed_left(g, packed, panels);
  if (crowds(g)) return multiply_crowded(g, packed, panels);
  each_block(g, [&](const ColumnBlock& block) { multiply_in_place(g, packed, block, panels, nullptr); });
}

void multiply(const Gemm& g, float* workspace) { multiply_any(g, nullptr, workspace); }
void multiply_packed(const Gemm& g, const float* packed) { multiply_any(g, packed, nullptr); }

// Few rows: each vector holds `lanes` neighbouring products along the depth; `lanes` sums, of Rows rows and of as many
// columns as fit, are in flight and are turned into one vector at the end. Missing rows and columns repeat the first.
template <int Rows>
void multiply_few_block(const Gemm& g, int64_t c_column, int64_t row, int64_t column) {
  constexpr int Columns = lanes / Rows;
  const int rows = static_cast<int>(smaller(Rows, g.rows - row));
  const int columns = static_cast<int>(smaller(Columns, g.columns - column));
  const float* a[Rows];
  const float* b[Columns];
  for (int r = 0; r < Rows; ++r) a[r] = g.a + (row + (r < rows ? r : 0)) * g.a_row;
  for (int c = 0; c < Columns; ++c) b[c] = g.b + (column + (c < columns ? c : 0)) * g.b_column;
  vf sum[lanes] = {};
  int64_t d = 0;
  for (; d + lanes <= g.depth; d += lanes) {
    vf x[Rows];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) x[r] = load(a[r] + d);
#pragma GCC unroll 16
    for (int c = 0; c < Columns; ++c) {
      const vf y = load(b[c] + d);
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) sum[r * Columns + c] += x[r] * y;
    }
  }
  if (const int rest = static_cast<int>(g.depth - d); rest > 0) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const vf x = load_first(a[r] + d, rest);
#pragma GCC unroll 16
      for (int c = 0; c < Columns; ++c) sum[r * Columns + c] += x * load_first(b[c] + d, rest);
    }
  }
  transpose_lanes(sum);
#pragma GCC unroll 4
  for (int half = lanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) sum[i] += sum[i + half];
  }
  float total[lanes];
  store(total, sum[0]);
  for (int r = 0; r < rows; ++r) {
    float* c = g.c + (row + r) * g.c_row + column * c_column;
    for (int j = 0; j < columns; ++j, c += c_column) *c = total[r * Columns + j] + (g.accumulate ? *c : 0.0f);
  }
}

template <int Rows>
void multiply_few_rows(const Gemm& g, int64_t c_column, int64_t row) {
  for (int64_t column = 0; column < g.columns; column += lanes / Rows)
    multiply_few_block<Rows>(g, c_column, row, column);
}

void multiply_few(const Gemm& g, int64_t c_column) {
  constexpr int most = lanes / 4, half = most > 1 ? most / 2 : 1;
  for (int64_t row = 0; row < g.rows;) {
    const int64_t left = g.rows - row;
    if (left == 1) {
      multiply_few_rows<1>(g, c_column, row);
    } else if (left <= half) {
      multiply_few_rows<half>(g, c_column, row);
    } else {
      multiply_few_rows<most>(g, c_column, row);
    }
    row += left == 1 ? 1 : left <= half ? half : most;
  }
}

}  // namespace

const GemmKernels gemm_kernels = {workspace,     multiply, most_rows(2),    pair,
                                  packed_floats, pack,     multiply_packed, multiply_few};

}  // namespace dl::DL_ISA
