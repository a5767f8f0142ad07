// What the lanes of a warp do together: each gives its part and waits; when all have come, each takes its result.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>

#include "tests/device/cuda/emulated_thread.h"

namespace dl::cuda {

constexpr int warp_lanes = 32;

// What a thread that waits in an operation of its warp gives and takes.
struct WarpCall {
  const char* name = "";
  uint32_t bits = 0;  // given, then taken
  int from_lane = 0;
  int64_t row_byte = 0;
  uint32_t matrices[4] = {};
  float* d = nullptr;
  const uint32_t *a = nullptr, *b = nullptr;
};

// `lanes` are all of a warp, in order.
void shuffle(std::span<WarpCall> lanes, EmulatedBlock& block);  // undefined where a lane is named that there is not
void ballot(std::span<WarpCall> lanes);
// Of four matrices 8 x 8 of 16 bits, two elements of each to every lane (PTX ISA, "ldmatrix"). Row r of matrix m is the
// one that lane 8 m + r has named.
void deal_matrices(std::span<WarpCall> lanes, const uint16_t (&rows)[warp_lanes][8], bool transposed);
// d += a b, by the fragments of which each lane holds its share.
void multiply_add(std::span<WarpCall> lanes, bool tf32);

}  // namespace dl::cuda
