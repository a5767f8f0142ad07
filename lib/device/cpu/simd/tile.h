// The register tile: every sum of it is kept in a register. See strip.h for what it computes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/strip.h"
#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {

constexpr int most_vectors = 4;

// The most rows of a tile of this many vectors, so that everything stays in registers.
constexpr int most_rows(int vectors) {
  constexpr int sums = lanes == 16 ? 28 : 12;
  return vectors == 1 && lanes == 16 ? 24 : sums / vectors;
}

// 1 <= vectors <= most_vectors, 1 <= rows <= most_rows(vectors).
void run_tile(const Tile& tile, Along along, int rows, int vectors);

// Lines of the cache that something later reads, to be fetched into the second level meanwhile.
struct Lines {
  static constexpr int most = 160;
  const void* at[most];
  int count = 0;
};

// Of a tile with one sum (outer = inner = 1), at most two vectors wide, how the factors lie that it reads. Packed, A
// has for each step of the depth the tile's rows one behind another, B the columns of its vectors, without strides. A
// factor that lies along its rows is packed while it is read, to `left`, where at each step `lanes` floats may be
// written, or to `right`, where the columns beyond the last are 0.
struct PackedFactors {
  enum From : uint8_t { packed, along_row };
  From from_a = packed, from_b = packed;
  float* left = nullptr;
  float* right = nullptr;
};
void run_packed_tile(const Tile& tile, const PackedFactors& factors, const Lines& ahead, int rows, int vectors);

// Rows cut into tiles whose heights differ by at most one; any number of rows.
void run_strip(const Tile& tile, Along along, int64_t rows, int vectors);

// How the tiles divide rows: the height of the next, given how many rows are left.
constexpr int64_t next_height(int64_t rows_left, int vectors) {
  const int64_t tiles = (rows_left + most_rows(vectors) - 1) / most_rows(vectors);
  return tiles == 0 ? 0 : (rows_left + tiles - 1) / tiles;
}

// run(tile, height) for each tile of a strip of any number of rows.
template <class T, class Run>
DL_INLINE void for_each_tile(const TileOf<T>& strip, int64_t rows, int vectors, Run run) {
  TileOf<T> tile = strip;
  while (rows > 0) {
    const int64_t height = next_height(rows, vectors);
    run(tile, static_cast<int>(height));
    tile.a += height * tile.a_row;
    tile.c += height * tile.c_row;
    rows -= height;
  }
}

// How panels divide columns: the vectors of the next panel, given how many columns are left. With few rows a wide panel
// keeps enough sums in flight.
constexpr int next_vectors(int64_t columns_left, int64_t rows) {
  const int64_t vectors = (columns_left + lanes - 1) / lanes;
  if (rows <= most_rows(4)) return static_cast<int>(vectors < 4 ? vectors : 4);
  return static_cast<int>(vectors <= 3 ? vectors : 2);
}

// f(first, width, v, count) for each vector v of the panels that begin in [begin, end) of all columns: a panel is
// `width` columns from `first` on, of which the vector has `count`.
template <class F>
void each_panel_vector(int64_t columns, int64_t rows, int64_t begin, int64_t end, F f) {
  int vectors = 0;
  for (int64_t first = 0; first < columns; first += int64_t{vectors} * lanes) {
    vectors = next_vectors(columns - first, rows);
    if (first < begin || first >= end) continue;
    for (int v = 0; v < vectors; ++v) {
      const int64_t left = columns - first - v * lanes;
      f(first, int64_t{vectors} * lanes, v, static_cast<int>(left < lanes ? left : lanes));
    }
  }
}

}  // namespace dl::DL_ISA
