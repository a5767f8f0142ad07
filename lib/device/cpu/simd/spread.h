// Pixels that each add to the window of outputs under them: a window's row is neighbouring floats, so that few channels
// fill whole vectors.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

constexpr int spread_images = 2;

// For each image i and pixel p < pixels of a row, and each of the window's vectors v:
//   to[i][p * to_pixel + offset[v] + lane] += the sum over d < depth of from[i][p * depth + d] weight[d, v, lane]
// for lane < count[v]. Each sum is added up in this order and then to what is there, pixel after pixel.
struct Spread {
  const float* from[spread_images] = {};
  float* to[spread_images] = {};
  int64_t pixels = 0, depth = 0, to_pixel = 0;
  const float* weight = nullptr;  // [depth][vectors * lanes], 0 behind `count`
  int vectors = 0;
  const int64_t* offset = nullptr;
  const int* count = nullptr;
};

struct SpreadKernels {
  int lanes;
  int most_vectors;                          // that stay in registers
  void (*run)(const Spread& s, int images);  // 1 or 2
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::SpreadKernels, spread_kernels)
