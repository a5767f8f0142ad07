// The register tile of products in bf16. See strip.h for what it computes; panels are divided as those of f32 are.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/tile.h"

namespace dl::DL_ISA {

// 1 <= vectors <= most_vectors, 1 <= rows <= most_rows(vectors).
void run_bf16_tile(const Bf16Tile& tile, Along along, int rows, int vectors);

// Rows cut into tiles whose heights differ by at most one; any number of rows.
void run_bf16_strip(const Bf16Tile& tile, Along along, int64_t rows, int vectors);

}  // namespace dl::DL_ISA
