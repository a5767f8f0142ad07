// Products of a strip of rows with a panel of columns, by register tiles: what matrix products and convolutions are
// made of.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

// C[row, column] (= or +=) a sum of products over three nested ranges. A is read one value at a time, B as vectors of
// neighbouring columns, with element strides, at
//   a[row * a_row + o * a_outer + i * a_inner + d * a_depth]
//   b[column      + o * b_outer + i * b_inner + d * b_depth]
// for o < outer, i < inner, d < depth. Each element is added up in this order, whatever tile it falls into, and then
// added to C or stored there. Where a range is empty the sum is 0.
// T is the type of A and B: float, or uint16_t for bf16, whose products are added up in f32, two neighbours of the
// depth at a time. Then B's columns lie in pairs, [depth / 2][columns][2], each range of d rounded up to whole pairs,
// which 0 fills; b_depth stays the distance of one step of d, so that a pair is 2 b_depth on. With Along::row A lies as
// B does.
template <class T>
struct TileOf {
  const T* a = nullptr;
  int64_t a_row = 0, a_outer = 0, a_inner = 0, a_depth = 1;
  const T* b = nullptr;
  int64_t b_outer = 0, b_inner = 0, b_depth = 0;
  float* c = nullptr;
  int64_t c_row = 0;
  int64_t outer = 1, inner = 1, depth = 0;
  int last = 0;             // columns of C in the last vector, 1 … lanes
  bool accumulate = false;  // C +=
  bool continues = false;  // of f32: C has the sums of the steps before these, which the products are added to in order
};
using Tile = TileOf<float>;
using Bf16Tile = TileOf<uint16_t>;

// Which stride of A is 1, so that it costs no register.
enum class Along : uint8_t {
  depth,       // a_depth == 1; all lanes of B's last vector are readable
  row,         // a_row == 1; all lanes of B's last vector are readable
  row_masked,  // a_row == 1; B's last vector is read up to column `last` only
};

template <class T>
struct StripKernelsOf {
  int lanes;  // floats in a vector
  // How panels divide columns: the vectors of the next panel, given how many columns are left and the rows of a strip.
  int (*next_vectors)(int64_t columns_left, int64_t rows);
  // Any number of rows; 1 <= vectors <= 4.
  void (*run)(const TileOf<T>& tile, Along along, int64_t rows, int vectors);
  // The same with A read as vectors too, each column of C from its own columns of A and B: at a[… + column]. Nothing is
  // read beyond column `last` of A; all lanes of B's last vector are readable unless b_masked. Null for bf16.
  void (*run_each)(const TileOf<T>& tile, bool b_masked, int64_t rows, int vectors);
};
using StripKernels = StripKernelsOf<float>;
using Bf16StripKernels = StripKernelsOf<uint16_t>;

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::StripKernels, strip_kernels)
DL_DECLARE_FOR_BF16(dl::Bf16StripKernels, bf16_strip_kernels)
