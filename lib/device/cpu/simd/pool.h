// The maximum of windows over [height, width, channels] images and its gradient, a row of pixels at a time.
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

// One tap of a window: which place it is, and where it reads: `offset` in floats from the pixel the window stands on.
struct PoolTap {
  int64_t offset = 0;
  int32_t place = 0;
};

// A window that one pixel of the input belongs to: the output column (or row) it makes, and the place along that axis.
struct PoolMember {
  int64_t output = 0;
  int32_t place = 0;
};

struct PoolKernels {
  // y[c], place[c] for each channel = the largest x[tap.offset + c] over the taps, and the place of the first such tap;
  // NaN counts as largest. Without taps -infinity and 0.
  void (*max)(const float* x, const PoolTap* taps, int64_t count, int64_t channels, float* y, uint8_t* place);

  // dx[c] = the sum, over the windows that hold this pixel, of dy where the window's place is this pixel's. dy and
  // place are of one image, whose rows have row_floats elements; places are row.place * place_row + column.place.
  void (*max_gradient)(const PoolMember* rows, int64_t row_count, const PoolMember* columns, int64_t column_count,
                       int32_t place_row, const float* dy, const uint8_t* place, int64_t row_floats, int64_t channels,
                       float* dx);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::PoolKernels, pool_kernels)
