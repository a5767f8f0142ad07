// The product of two matrices, f32 or bf16 with sums in f32, on one thread, with packed panels of B and a register
// tile.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

// How an f32 product is cut so that its parts stay in caches. No choice of it changes a bit.
struct GemmBlocks {
  // Whether A's blocks are copied as tiles read them. That pays where enough columns are multiplied with them, and a
  // tile's instructions are the limit rather than its multiply-adds.
  bool packs_left = false;
  int64_t rows = 112;                  // of A that meet all panels of B before the next: 1 … most_block_rows
  int64_t columns = 256;               // of B that are packed together: 1 … most_block_columns
  int64_t resident_bytes = 384 << 10;  // an A of so many stays in the second cache from block to block

  bool operator==(const GemmBlocks&) const = default;
};
constexpr int64_t gemm_depth_block = 384;  // of every choice: the order of additions follows from it
constexpr int64_t most_block_rows = 224, most_block_columns = 1024;

// C[rows, columns] = A[rows, depth] B[depth, columns]. Strides count elements; of each operand one stride is 1, so that
// either may be transposed. How the sum of an element is ordered follows from the depth alone: it has the same bits
// whichever rows and columns are computed together.
// T: float, or uint16_t for bf16.
template <class T>
struct GemmOf {
  const T* a = nullptr;
  int64_t a_row = 0, a_depth = 1;
  const T* b = nullptr;
  int64_t b_depth = 0, b_column = 1;
  float* c = nullptr;
  int64_t c_row = 0;
  int64_t rows = 0, columns = 0, depth = 0;
  bool accumulate = false;  // C +=
  int64_t rows_after = 0;   // of A, which the next product on this thread reads: they are fetched ahead
  GemmBlocks blocks = {};   // bf16 has its own
};
using Gemm = GemmOf<float>;
using Bf16Gemm = GemmOf<uint16_t>;

// Whether a B that is not packed is read row by row: it lies along its rows, is too large to stay in the second cache
// and deep enough, and so few rows are multiplied with it that packing it costs more. `row_unit`: GemmKernels'.
constexpr bool reads_b_by_rows(const Gemm& g, int64_t row_unit) {
  return g.b_column == 1 && g.columns >= 64 && g.depth >= 256 && g.rows > row_unit / 2 && g.rows <= 4 * row_unit &&
         g.columns * g.depth * static_cast<int64_t>(sizeof(float)) > g.blocks.resident_bytes;
}

template <class T>
struct GemmKernelsOf {
  // Floats of working memory for multiply() with a B of this size or smaller and such blocks.
  int64_t (*workspace)(int64_t columns, int64_t depth, const GemmBlocks& blocks);
  void (*multiply)(const GemmOf<T>& g, float* workspace);

  int64_t row_unit;  // rows of a full tile: blocks of rows are best cut at multiples of it

  // For a B that many blocks of rows are multiplied with: `packed` takes packed_floats(columns, depth) floats, and may
  // be filled by several threads, each for columns from a multiple of pack_unit on. multiply_packed() reads g.columns
  // from column 0 and never g.b. In bf16 A must lie along the depth (a_depth = 1).
  int64_t pack_unit;
  int64_t (*packed_floats)(int64_t columns, int64_t depth);
  void (*pack)(const GemmOf<T>& g, int64_t column_begin, int64_t column_end, float* packed);
  void (*multiply_packed)(const GemmOf<T>& g, const float* packed);

  // For few rows, with a_depth = b_depth = 1: vectors along depth, nothing is packed. C's columns lie c_column apart.
  // The order of additions differs from multiply()'s, so the choice must follow from the shape of the whole product.
  // Null for bf16.
  void (*multiply_few)(const GemmOf<T>& g, int64_t c_column);
};
using GemmKernels = GemmKernelsOf<float>;
using Bf16GemmKernels = GemmKernelsOf<uint16_t>;

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::GemmKernels, gemm_kernels)
DL_DECLARE_FOR_BF16_TILES(dl::Bf16GemmKernels, bf16_gemm_kernels)
