// Matrix products in bf16 on tiles: registers of 16 rows of 64 bytes, of which one instruction multiplies two and adds
// the product to a third. `Tiles` are the processor's (tiles.h), or those of the tests (tests/amx), which emulate them.
//
// Four tiles hold 32 rows and 32 columns of C while two of A and two of B go by for each 32 of the depth: the four
// products of a step take 64 cycles, the loads of its operands 32 from the first-level cache, 84 where all come from
// the second. Both operands are laid out tile by tile first, whatever their strides; edges are filled with 0 there, so
// that every tile is whole. A sum goes through the depth in steps of 32, from 0 or from what C held, wherever it is
// computed.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/amx/tile_config.h"
#include "lib/device/cpu/simd/bf16/words.h"
#include "lib/device/cpu/simd/even_blocks.h"
#include "lib/device/cpu/simd/gemm.h"

namespace dl::DL_ISA {

template <class Tiles>
class TiledGemm {
 public:
  static int64_t workspace(int64_t columns, int64_t depth, const GemmBlocks&) {
    return packed_floats(smaller(columns, column_block), smaller(depth, depth_block));
  }

  static void multiply(const Bf16Gemm& g, float* words) {
    multiply_blocks(g, nullptr, reinterpret_cast<uint16_t*>(words));
  }

  // Panels of 32 columns, each with all of the depth.
  static int64_t packed_floats(int64_t columns, int64_t depth) {
    return round_up(columns, unit) * round_up(depth, tile_depth) / 2;
  }

  static void pack(const Bf16Gemm& g, int64_t column_begin, int64_t column_end, float* packed) {
    for (int64_t j = column_begin; j < column_end; j += unit) {
      pack_panel(g.b + j * g.b_column, g.b_depth, g.b_column, smaller(unit, g.columns - j), g.depth,
                 reinterpret_cast<uint16_t*>(packed) + j * round_up(g.depth, tile_depth));
    }
  }

  static void multiply_packed(const Bf16Gemm& g, const float* packed) {
    multiply_blocks(g, reinterpret_cast<const uint16_t*>(packed), nullptr);
  }

  static constexpr int64_t unit = 32;  // rows and columns of C that tiles hold

 private:
  static_assert(lanes == 16, "a vector is a row of a tile");
  static constexpr int64_t tile_rows = 16, tile_depth = 32, row_bytes = 64;
  static constexpr int64_t tile = 512;          // bf16 of a tile of A or B
  static constexpr int64_t depth_block = 1024;  // so deep that few sums are read and written more than once;
  static constexpr int64_t column_block = 512;  // panels of both take half of the second-level cache

  // The tiles have their shapes while this lives: for one product, because it costs less than the packing of the
  // smallest, whatever other code did to the thread's tiles, and no tiles are saved when the thread next sleeps.
  struct Configured {
    Configured() {
      static constexpr TileConfig config = whole_tiles();
      Tiles::configure(config);
    }
    ~Configured() { Tiles::release(); }
    Configured(const Configured&) = delete;
  };

  // Strips of A and panels of B: for each 32 of the depth a tile of the first 16 rows of A (columns of B), then one of
  // the others. This is row r of the tile on `side` of a step.
  static int64_t at(int64_t step, int64_t side, int64_t r) { return (2 * step + side) * tile + r * tile_depth; }

  // columns <= 32. Tiles without a column are left as they are.
  static void pack_panel(const uint16_t* b, int64_t b_depth, int64_t b_column, int64_t columns, int64_t depth,
                         uint16_t* to) {
    const int64_t pairs = round_up(depth, tile_depth) / 2;
    for (int64_t side = 0; side * lanes < columns; ++side) {
      const uint16_t* from = b + side * lanes * b_column;
      const int count = static_cast<int>(smaller(columns - side * lanes, lanes));
      const auto put = [=](int64_t p, vf x) __attribute__((always_inline)) {
        store_words(to + at(p / tile_rows, side, p % tile_rows), x);
      };
      if (b_column != 1) {
        pair_columns(from, b_column, count, depth, put);
      } else if (count == lanes) {
        pair_rows(from, b_depth, lanes, depth, put);
      } else {
        pair_rows(from, b_depth, count, depth, put);
      }
      for (int64_t p = (depth + 1) / 2; p < pairs; ++p) put(p, vf{});
    }
  }

  // rows <= 32 of A along the depth. Tiles without a row are left as they are.
  static void pack_rows(const uint16_t* a, int64_t a_row, int64_t rows, int64_t depth, uint16_t* to) {
    const int64_t whole = depth / tile_depth, left = depth % tile_depth, steps = whole + (left > 0 ? 1 : 0);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t side = r / tile_rows, row = r % tile_rows;
      const uint16_t* from = a + r * a_row;
      for (int64_t step = 0; step < whole; ++step, from += tile_depth) {
        store_words(to + at(step, side, row), load_words(from));
      }
      if (left == 0) continue;
      uint16_t end[tile_depth] = {};
      for (int64_t d = 0; d < left; ++d) end[d] = from[d];
      store_words(to + at(whole, side, row), load_words(end));
    }
    for (int64_t r = rows; r < round_up(rows, tile_rows); ++r) {
      for (int64_t step = 0; step < steps; ++step) store_words(to + at(step, r / tile_rows, r % tile_rows), vf{});
    }
  }

  // The same of an A whose rows are neighbours.
  static void turn_columns(const uint16_t* a, int64_t a_depth, int64_t rows, int64_t depth, uint16_t* to) {
    for (int64_t side = 0; side * tile_rows < rows; ++side) {
      const int count = static_cast<int>(smaller(rows - side * tile_rows, tile_rows));
      for (int64_t step = 0; step * tile_depth < depth; ++step) {
        const uint16_t* from = a + side * tile_rows + step * tile_depth * a_depth;
        const int64_t left = depth - step * tile_depth;
        vf x[lanes] = {};
        if (count == lanes && left >= tile_depth) {  // in registers
#pragma GCC unroll 16
          for (int64_t p = 0; p < lanes; ++p)
            x[p] = pair_of(from + 2 * p * a_depth, from + (2 * p + 1) * a_depth, lanes);
        } else {
          pair_rows(from, a_depth, count, smaller(tile_depth, left), [&](int64_t p, vf words) { x[p] = words; });
        }
        transpose_lanes(x);
#pragma GCC unroll 16
        for (int64_t r = 0; r < tile_rows; ++r) store_words(to + at(step, side, r), x[r]);
      }
    }
  }

  // Tiles 0 … 3: C, by rows; 4 and 5: A; 6 and 7: B. Rows and Columns count tiles, 1 or 2.
  template <int Rows, int Columns>
  static void multiply_tiles(const uint16_t* a, const uint16_t* b, int64_t steps, float* c, int64_t c_row,
                             bool accumulate) {
    const int64_t c_bytes = c_row * static_cast<int64_t>(sizeof(float));
    float *right = c + lanes, *below = c + tile_rows * c_row, *corner = below + lanes;
    if (accumulate) {
      Tiles::template load<0>(c, c_bytes);
      if constexpr (Columns == 2) Tiles::template load<1>(right, c_bytes);
      if constexpr (Rows == 2) Tiles::template load<2>(below, c_bytes);
      if constexpr (Rows == 2 && Columns == 2) Tiles::template load<3>(corner, c_bytes);
    } else {
      Tiles::template zero<0>();
      if constexpr (Columns == 2) Tiles::template zero<1>();
      if constexpr (Rows == 2) Tiles::template zero<2>();
      if constexpr (Rows == 2 && Columns == 2) Tiles::template zero<3>();
    }
    for (int64_t step = 0; step < steps; ++step, a += 2 * tile, b += 2 * tile) {
      Tiles::template load<4>(a, row_bytes);
      Tiles::template load<6>(b, row_bytes);
      Tiles::template add_products<0, 4, 6>();
      if constexpr (Columns == 2) {
        Tiles::template load<7>(b + tile, row_bytes);
        Tiles::template add_products<1, 4, 7>();
      }
      if constexpr (Rows == 2) {
        Tiles::template load<5>(a + tile, row_bytes);
        Tiles::template add_products<2, 5, 6>();
      }
      if constexpr (Rows == 2 && Columns == 2) Tiles::template add_products<3, 5, 7>();
    }
    Tiles::template store<0>(c, c_bytes);
    if constexpr (Columns == 2) Tiles::template store<1>(right, c_bytes);
    if constexpr (Rows == 2) Tiles::template store<2>(below, c_bytes);
    if constexpr (Rows == 2 && Columns == 2) Tiles::template store<3>(corner, c_bytes);
  }

  // rows, columns <= 32, of which all of their tiles may be written.
  static void multiply_whole(const uint16_t* strip, const uint16_t* panel, int64_t steps, float* c, int64_t c_row,
                             int64_t rows, int64_t columns, bool accumulate) {
    const auto tiles = rows <= tile_rows  ? columns <= lanes ? multiply_tiles<1, 1> : multiply_tiles<1, 2>
                        : columns <= lanes ? multiply_tiles<2, 1>
                                          : multiply_tiles<2, 2>;
    tiles(strip, panel, steps, c, c_row, accumulate);
  }

  // The same where C ends within a tile: by way of a copy.
  static void multiply_edge(const uint16_t* strip, const uint16_t* panel, int64_t steps, float* c, int64_t c_row,
                            int64_t rows, int64_t columns, bool accumulate) {
    alignas(64) float copy[unit * unit];
    const auto each_vector = [=](auto f) {
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t j = 0; j < columns; j += lanes) {
          f(r * c_row + j, r * unit + j, static_cast<int>(smaller(columns - j, lanes)));
        }
      }
    };
    for (float& x : copy) x = 0;
    if (accumulate) each_vector([&](int64_t in_c, int64_t at, int n) { store(copy + at, load_first(c + in_c, n)); });
    multiply_whole(strip, panel, steps, copy, unit, rows, columns, accumulate);
    each_vector([&](int64_t in_c, int64_t at, int n) { store_first(c + in_c, load(copy + at), n); });
  }

  // `packed` holds all of B; or it is null, and each panel is packed into `panels` when the first rows come to it.
  static void multiply_blocks(const Bf16Gemm& g, const uint16_t* packed, uint16_t* panels) {
    if (g.depth == 0) return multiply_nothing(g);
    const Configured tiles;
    const int64_t column_step = even_block(g.columns, column_block, unit),
                  depth_step = even_block(g.depth, depth_block, unit);
    for (int64_t column = 0; column < g.columns; column += column_step) {
      const int64_t columns = smaller(column_step, g.columns - column);
      for (int64_t k = 0; k < g.depth; k += depth_step) {
        const int64_t depth = smaller(depth_step, g.depth - k);
        for (int64_t row = 0; row < g.rows; row += unit) {
          multiply_strip(g, row, column, columns, k, depth, packed, panels);
        }
      }
    }
  }

  // The 32 rows from `row` on, or as many as there are, of a block of columns and depth.
  static void multiply_strip(const Bf16Gemm& g, int64_t row, int64_t column, int64_t columns, int64_t k, int64_t depth,
                             const uint16_t* packed, uint16_t* panels) {
    alignas(64) uint16_t strip[unit * depth_block];
    const int64_t rows = smaller(unit, g.rows - row), steps = (depth + tile_depth - 1) / tile_depth;
    const uint16_t* a = g.a + row * g.a_row + k * g.a_depth;
    g.a_depth == 1 ? pack_rows(a, g.a_row, rows, depth, strip) : turn_columns(a, g.a_depth, rows, depth, strip);
    for (int64_t j = 0; j < columns; j += unit) {
      const int64_t width = smaller(unit, columns - j);
      const uint16_t* panel = nullptr;
      if (packed != nullptr) {
        panel = packed + (column + j) * round_up(g.depth, tile_depth) + k * unit;
      } else {
        uint16_t* to = panels + j * steps * tile_depth;
        if (row == 0) {
          pack_panel(g.b + k * g.b_depth + (column + j) * g.b_column, g.b_depth, g.b_column, width, depth, to);
        }
        panel = to;
      }
      float* c = g.c + row * g.c_row + column + j;
      const bool whole = rows % tile_rows == 0 && width % lanes == 0;
      (whole ? multiply_whole : multiply_edge)(strip, panel, steps, c, g.c_row, rows, width, g.accumulate || k > 0);
    }
  }

  static void multiply_nothing(const Bf16Gemm& g) {
    for (int64_t r = 0; r < g.rows && !g.accumulate; ++r) {
      for (int64_t j = 0; j < g.columns; ++j) g.c[r * g.c_row + j] = 0;
    }
  }
};

template <class Tiles>
constexpr Bf16GemmKernels tiled_gemm_kernels = {TiledGemm<Tiles>::workspace,
                                                TiledGemm<Tiles>::multiply,
                                                TiledGemm<Tiles>::unit,
                                                TiledGemm<Tiles>::unit,
                                                TiledGemm<Tiles>::packed_floats,
                                                TiledGemm<Tiles>::pack,
                                                TiledGemm<Tiles>::multiply_packed,
                                                nullptr};

}  // namespace dl::DL_ISA
