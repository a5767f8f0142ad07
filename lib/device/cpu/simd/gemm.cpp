// Matrix products by blocks that stay in cache (Goto and van de Geijn 2008, "Anatomy of high-performance matrix
// multiplication"): a panel of B serves all rows, a block of A all panels.
#include "lib/device/cpu/simd/gemm.h"

#include "lib/device/cpu/simd/pack.h"
#include "lib/device/cpu/simd/tile.h"

namespace dl::DL_ISA {
namespace {

constexpr int64_t depth_block = 256;   // a panel of B of this depth stays in the first-level cache
constexpr int64_t row_block = 168;     // a block of A of these rows and this depth takes a sixth of the second level
constexpr int64_t column_block = 512;  // the packed panels of B take half of it
constexpr int64_t wide = 8 * lanes;    // from this many columns on, packing A pays
constexpr int64_t pair = 2 * lanes;    // most panels are two vectors wide

constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// n cut into even parts of at most `block`, in multiples of `unit`.
constexpr int64_t even_block(int64_t n, int64_t block, int64_t unit) {
  const int64_t parts = n > block ? (n + block - 1) / block : 1;
  return round_up((n + parts - 1) / parts, unit);
}

// packed[d * height + r] = a[r * a_row + d * a_depth]. Writes up to `lanes` floats too many.
void pack_rows(const float* a, int64_t a_row, int64_t a_depth, int height, int64_t depth, float* packed) {
  for (int r = 0; r < height; r += lanes) {
    const int count = height - r < lanes ? height - r : lanes;
    float* to = packed + r;
    if (a_depth == 1) {
      // What is written beyond a short row is overwritten by the next, unless other rows lie there already.
      if (height <= lanes) {
        turn_rows(a, a_row, count, depth, [=](int64_t d, vf x) { store(to + d * height, x); });
      } else {
        turn_rows(a + r * a_row, a_row, count, depth, [=](int64_t d, vf x) { store_first(to + d * height, x, count); });
      }
    } else {
      for (int64_t d = 0; d < depth; ++d) store_first(to + d * height, load_first(a + r + d * a_depth, count), count);
    }
  }
}

// packed[d * width + j] = b[d * b_depth + j * b_column], 0 for j >= columns; width = vectors * lanes.
void pack_panel(const float* b, int64_t b_depth, int64_t b_column, int vectors, int64_t columns, int64_t depth,
                float* packed) {
  const int64_t width = int64_t{vectors} * lanes;
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

// How one product is blocked; follows from its sizes, never changes a result.
struct Plan {
  bool pack_a, pack_b;
  bool pairs;  // panels are two vectors wide, as packed rows of A and packed B expect; else by next_vectors()
  int64_t depth_step, row_step, column_step;

  Plan(const Gemm& g, bool b_is_packed) {
    pack_a = g.columns >= wide && g.rows > most_rows(4);
    pack_b = !b_is_packed && (g.b_column != 1 || g.rows > 2 * most_rows(2));
    pairs = pack_a || b_is_packed;
    depth_step = even_block(g.depth, depth_block, 1);
    row_step = even_block(g.rows, row_block, most_rows(2));
    column_step = even_block(g.columns, column_block, pair);
  }
  int panel_vectors(int64_t columns_left, int64_t rows) const {
    if (!pairs) return next_vectors(columns_left, rows);
    return columns_left > lanes ? 2 : 1;
  }
  int64_t tile_height(int64_t rows_left, int vectors) const { return next_height(rows_left, pack_a ? 2 : vectors); }
};

int64_t workspace_of_a(int64_t rows, int64_t columns, int64_t depth) {
  return columns < wide ? 0 : smaller(rows, row_block + most_rows(2)) * smaller(depth, depth_block) + lanes;
}

int64_t workspace(int64_t rows, int64_t columns, int64_t depth) {
  return workspace_of_a(rows, columns, depth) +
         smaller(depth, depth_block) * smaller(round_up(columns, pair), column_block + pair);
}

// A block of rows times one panel of B.
void multiply_panel(const Plan& plan, const Gemm& g, const float* a, Tile t, bool masked, int64_t rows, int vectors) {
  for (int64_t r = 0, height = 0; r < rows; r += height) {
    height = plan.tile_height(rows - r, vectors);
    Along along = Along::row;
    if (plan.pack_a) {
      t.a = a + r * t.depth;
      t.a_depth = height;
    } else {
      t.a = a + r * g.a_row;
      t.a_row = g.a_row;
      t.a_depth = g.a_depth;
      if (g.a_depth == 1) along = Along::depth;
    }
    if (masked) along = Along::row_masked;
    run_tile(t, along, static_cast<int>(height), vectors);
    t.c += height * t.c_row;
  }
}

void pack_block_of_a(const Plan& plan, const float* a, const Gemm& g, int64_t rows, int64_t depth, float* packed) {
  for (int64_t r = 0, height = 0; r < rows; r += height) {
    height = plan.tile_height(rows - r, 2);
    pack_rows(a + r * g.a_row, g.a_row, g.a_depth, static_cast<int>(height), depth, packed + r * depth);
  }
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

// One block of columns and depth, with all rows: each panel of B is packed when the first rows come to it.
void multiply_block(const Plan& plan, const Gemm& g, const float* packed, int64_t column, int64_t columns, int64_t k,
                    int64_t depth, float* panels, float* rows_of_a) {
  for (int64_t row = 0; row < g.rows; row += plan.row_step) {
    const int64_t rows = smaller(plan.row_step, g.rows - row);
    const float* a = g.a + row * g.a_row + k * g.a_depth;
    if (plan.pack_a) {
      pack_block_of_a(plan, a, g, rows, depth, rows_of_a);
      a = rows_of_a;
    }
    int vectors = 0;
    for (int64_t j = 0; j < columns; j += int64_t{vectors} * lanes) {
      const int64_t left = columns - j;
      vectors = plan.panel_vectors(left, g.rows);
      const int64_t width = int64_t{vectors} * lanes;
      Tile t;
      t.a_row = 1;
      t.depth = depth;
      t.c = g.c + row * g.c_row + column + j;
      t.c_row = g.c_row;
      t.accumulate = g.accumulate || k > 0;
      t.last = static_cast<int>(left < width ? left - (width - lanes) : lanes);
      bool masked = false;
      if (packed != nullptr) {
        t.b = packed + k * round_up(g.columns, lanes) + (column + j) * depth;
        t.b_depth = width;
      } else {
        const float* b = g.b + k * g.b_depth + (column + j) * g.b_column;
        const bool rows_are_along_depth = !plan.pack_a && g.a_depth == 1;
        if (plan.pack_b || (t.last < lanes && rows_are_along_depth)) {
          float* panel = panels + j * depth;
          if (row == 0) pack_panel(b, g.b_depth, g.b_column, vectors, smaller(width, left), depth, panel);
          t.b = panel;
          t.b_depth = width;
        } else {
          t.b = b;
          t.b_depth = g.b_depth;
          masked = t.last < lanes;
        }
      }
      multiply_panel(plan, g, a, t, masked, rows, vectors);
    }
  }
}

void clear(const Gemm& g) {
  for (int64_t r = 0; r < g.rows; ++r) {
    for (int64_t j = 0; j < g.columns; ++j) g.c[r * g.c_row + j] = 0;
  }
}

void multiply_any(const Gemm& g, const float* packed, float* workspace) {
  if (g.depth == 0 && !g.accumulate) return clear(g);
  const Plan plan(g, packed != nullptr);
  float* rows_of_a = workspace;
  float* panels = workspace + workspace_of_a(g.rows, g.columns, g.depth);
  for (int64_t column = 0; column < g.columns; column += plan.column_step) {
    const int64_t columns = smaller(plan.column_step, g.columns - column);
    for (int64_t k = 0; k < g.depth; k += plan.depth_step) {
      multiply_block(plan, g, packed, column, columns, k, smaller(plan.depth_step, g.depth - k), panels, rows_of_a);
    }
  }
}

void multiply(const Gemm& g, float* workspace) { multiply_any(g, nullptr, workspace); }
void multiply_packed(const Gemm& g, const float* packed, float* workspace) { multiply_any(g, packed, workspace); }

// Few rows: each vector holds `lanes` neighbouring products along the depth; `lanes` sums, of few_rows rows and four
// columns, are in flight and are turned into one vector at the end.
constexpr int few_rows = lanes / 4;

void multiply_few(const Gemm& g) {
  for (int64_t j = 0; j < g.columns; j += 4) {
    const int columns = static_cast<int>(smaller(4, g.columns - j));
    for (int64_t r = 0; r < g.rows; r += few_rows) {
      const int rows = static_cast<int>(smaller(few_rows, g.rows - r));
      const float* a[few_rows];
      const float* b[4];
      for (int i = 0; i < few_rows; ++i) a[i] = g.a + (r + (i < rows ? i : 0)) * g.a_row;
      for (int i = 0; i < 4; ++i) b[i] = g.b + (j + (i < columns ? i : 0)) * g.b_column;
      vf sum[lanes] = {};
      int64_t d = 0;
      for (; d + lanes <= g.depth; d += lanes) {
        vf y[4];
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) y[c] = load(b[c] + d);
#pragma GCC unroll 4
        for (int i = 0; i < few_rows; ++i) {
          const vf x = load(a[i] + d);
#pragma GCC unroll 4
          for (int c = 0; c < 4; ++c) sum[i * 4 + c] += x * y[c];
        }
      }
      if (const int rest = static_cast<int>(g.depth - d); rest > 0) {
#pragma GCC unroll 4
        for (int i = 0; i < few_rows; ++i) {
          const vf x = load_first(a[i] + d, rest);
#pragma GCC unroll 4
          for (int c = 0; c < 4; ++c) sum[i * 4 + c] += x * load_first(b[c] + d, rest);
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
      for (int i = 0; i < rows; ++i) {
        float* c = g.c + (r + i) * g.c_row + j;
        for (int k = 0; k < columns; ++k) c[k] = total[i * 4 + k] + (g.accumulate ? c[k] : 0.0f);
      }
    }
  }
}

}  // namespace

const GemmKernels gemm_kernels = {workspace, multiply, pair, packed_floats, pack, multiply_packed, multiply_few};

}  // namespace dl::DL_ISA
