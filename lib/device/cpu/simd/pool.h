// The maximum of windows over [height, width, channels] images and its gradient, a row of pixels at a time.
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

// Along one axis, a place of the window and the position that belongs to it: `offset` is that position's distance from
// the first in elements, `place` the number that the place contributes.
struct PoolTap {
  int64_t offset = 0;
  int32_t place = 0;
};

// Taps of several positions, one behind another: those of position i are taps[first[i]] … taps[first[i + 1] - 1].
struct PoolTaps {
  const PoolTap* taps = nullptr;
  const int64_t* first = nullptr;
  int64_t positions = 0;
  bool one_each = false;  // every position has one tap
};

struct PoolKernels {
  // One row of outputs: for each of columns.positions pixels and each channel, y is the largest
  // x[row.offset + column.offset + channel] over the taps of `rows` (those of one position) and of the pixel, place the
  // sum of the places of the first such tap. NaN counts as largest; without taps, -infinity and 0.
  void (*max)(const float* x, const PoolTap* rows, int64_t row_count, const PoolTaps& columns, int64_t channels,
              float* y, uint8_t* place);

  // One row of the gradient: dx is the sum of those dy[row.offset + column.offset + channel] whose place there is
  // row.place + column.place.
  void (*max_gradient)(const float* dy, const uint8_t* place, const PoolTap* rows, int64_t row_count,
                       const PoolTaps& columns, int64_t channels, float* dx);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::PoolKernels, pool_kernels)
