// The maximum of windows over [height, width, channels] images and its gradient, a row of pixels at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

// The taps of one position along an axis: some of the window's places, evenly spaced, and the positions that belong to
// them. `offset` is the distance of the first one's position in elements, `place` the number that its place
// contributes.
struct PoolTaps {
  int64_t offset = 0;
  int32_t place = 0;
  int32_t count = 0;
};

// The taps of an axis' positions, and what is from one tap to the next.
struct PoolAxis {
  const PoolTaps* positions = nullptr;
  int64_t count = 0;   // of positions
  int64_t extent = 0;  // elements that all of the axis' taps lie in
  int64_t offset_step = 0;
  int32_t place_step = 0;
  bool one_each = false;  // every position has one tap
};

struct PoolKernels {
  // One row of outputs: for each position of columns and each channel, y is the largest x[row's offset + column's
  // offset
  // + channel] over the taps of `row`, one of rows.positions, and of the position, place the sum of the places of the
  // first such tap. NaN counts as largest; without taps, -infinity and 0.
  template <class Place>
  using Max = void(const float* x, const PoolTaps& row, const PoolAxis& rows, const PoolAxis& columns, int64_t channels,
                   float* y, Place* place);
  Max<uint8_t>* max_alone;  // writes no places
  Max<uint8_t>* max_near;
  Max<int32_t>* max;

  // One row of the gradient: dx is the sum of those dy[row's offset + column's offset + channel] whose place there is
  // the row's and the column's.
  template <class Place>
  using Gradient = void(const float* dy, const Place* place, const PoolTaps& row, const PoolAxis& rows,
                        const PoolAxis& columns, int64_t channels, float* dx);
  Gradient<uint8_t>* gradient_near;
  Gradient<int32_t>* gradient;
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::PoolKernels, pool_kernels)
