// How a product is divided over the team, by its shape and what the machine's cores cost each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/simd/gemm.h"

namespace dl {

struct ProductDivision {
  static constexpr int64_t depth_unit = 2;  // of halves: bf16 is multiplied in pairs

  bool few_rows = false;                // vectors along the depth
  bool few_columns = false;             // the same for the product turned round
  bool turned = false;                  // A is packed instead of B, as what is multiplied is the transposed product
  int64_t turned_columns = 0;           // of C, for which that is done together, A being packed for each
  bool by_rows = false;                 // B is packed once and blocks of rows go through the epilogue while in cache
  int row_parts = 1, column_parts = 1;  // made side by side
  int halves = 1, halves_at_once = 1;   // into which the depth is cut; those that are summed side by side
  int64_t chunk_rows = 1;               // given to the epilogue at a time
  int64_t block_chunks = 1;             // where blocks of rows go through it: of these, multiplied together

  bool along_depth() const { return few_rows || few_columns; }
};

// `epilogue`: whether the product goes through one; `library`: whether a BLAS makes the products of parts; `b_stays`:
// whether B is kept packed from run to run. Chunks of rows follow from neither B nor what was measured.
template <class T>
ProductDivision divide_product(const GemmOf<T>& shape, const GemmKernelsOf<T>& kernels, CpuDevice& device,
                               bool epilogue, bool library, bool b_stays = false);

}  // namespace dl
