// The register tile under matrix products and convolutions: C[rows, columns] (= or +=) the sum over three nested ranges
// of A(row) * B(column), with every sum of the tile kept in a register.
#pragma once
#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {

// Element strides. A is read one value at a time, B as vectors of neighbouring columns, at
//   a[row * a_row + o * a_outer + i * a_inner + d * a_depth]
//   b[column      + o * b_outer + i * b_inner + d * b_depth]
// for o < outer, i < inner, d < depth. Each element is added up in this order, whatever tile it falls into,
// and then added to C or stored there.
struct Tile {
  const float* a = nullptr;
  int64_t a_row = 0, a_outer = 0, a_inner = 0, a_depth = 1;
  const float* b = nullptr;
  int64_t b_outer = 0, b_inner = 0, b_depth = 0;
  float* c = nullptr;
  int64_t c_row = 0;
  int64_t outer = 1, inner = 1, depth = 0;
  int last = lanes;         // columns of C in the last vector, 1 … lanes
  bool accumulate = false;  // C +=
};

// Which stride of A is 1, so that it costs no register.
enum class Along : uint8_t {
  depth,       // a_depth == 1; all lanes of B's last vector are readable
  row,         // a_row == 1; all lanes of B's last vector are readable
  row_masked,  // a_row == 1; B's last vector is read up to column `last` only
};

constexpr int most_vectors = 4;

// The most rows of a tile of this many vectors, so that everything stays in registers.
constexpr int most_rows(int vectors) {
  constexpr int sums = lanes == 16 ? 28 : 12;
  return vectors == 1 && lanes == 16 ? 24 : sums / vectors;
}

// 1 <= vectors <= most_vectors, 1 <= rows <= most_rows(vectors).
void run_tile(const Tile& tile, Along along, int rows, int vectors);

// Rows cut into tiles whose heights differ by at most one; any number of rows.
void run_strip(Tile tile, Along along, int64_t rows, int vectors);

// How the tiles divide rows: the height of the next, given how many rows are left.
constexpr int64_t next_height(int64_t rows_left, int vectors) {
  const int64_t tiles = (rows_left + most_rows(vectors) - 1) / most_rows(vectors);
  return tiles == 0 ? 0 : (rows_left + tiles - 1) / tiles;
}

// How panels divide columns: the vectors of the next panel, given how many columns are left. With few rows a wide panel
// keeps enough sums in flight.
constexpr int next_vectors(int64_t columns_left, int64_t rows) {
  const int64_t vectors = (columns_left + lanes - 1) / lanes;
  if (rows <= most_rows(4)) return static_cast<int>(vectors < 4 ? vectors : 4);
  return static_cast<int>(vectors <= 3 ? vectors : 2);
}

}  // namespace dl::DL_ISA
