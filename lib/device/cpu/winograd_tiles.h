// Winograd's minimal filtering for 3×3 windows in steps of one: a quarter of the products, in 36 matrix products over
// tiles of 4×4 outputs, for transforms before and after them and a rounding error about twice as large.
//
// On uniform numbers, 64 channels: errors of 8.6e-7 of the result (root mean square) where sums along the window
// directly have 4.4e-7; the largest 3.0e-7 of the sum of the products' sizes where those have 2.1e-7.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/base/division.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/simd/winograd.h"
#include "lib/graph/ops.h"

namespace dl {

// How the outputs [images, height, width] of a 3×3 window are cut into tiles.
struct WinogradTiles {
  int64_t images = 0;
  int64_t in_height = 0, in_width = 0, in_channels = 0;
  int64_t out_height = 0, out_width = 0, out_channels = 0;
  int64_t pad_top = 0, pad_left = 0;  // output (0, 0) reads inputs from (-pad_top, -pad_left) on; may be negative

  static WinogradTiles of(const Window& window, const Shape& x, const Shape& y);
  // Inputs are then dy, outputs dx.
  static WinogradTiles of_input_gradient(const Window& window, const Shape& dx, const Shape& dy);

  int64_t down() const { return ceil_div(out_height, winograd_out); }
  int64_t across() const { return ceil_div(out_width, winograd_out); }
  int64_t rows() const { return images * down(); }  // of tiles
  int64_t count() const { return rows() * across(); }
  int64_t pixels() const { return images * out_height * out_width; }
  // The first output pixel of a row of tiles; that of the last but one is pixels().
  int64_t first_pixel(int64_t row) const {
    return row / down() * out_height * out_width + row % down() * winograd_out * out_width;
  }

  // The inputs under a tile; `zeros` stands for those beside the image and holds in_channels of them. T: float or
  // uint16_t.
  template <class T>
  void inputs(int64_t row, int64_t column, const T* x, const T* zeros, const T** pixels) const;
  // The outputs of a tile; `zeros` stands for those beside the image and holds out_channels of them.
  template <class T>
  void outputs(int64_t row, int64_t column, const T* y, const T* zeros, const T** pixels) const;
};

// From one point's matrix of this many floats to the next: an odd number of cache lines, so that the 36 that a
// transform writes do not share the sets of a cache.
int64_t winograd_stride(int64_t floats);

// Whether the form takes less time than products with the window directly, by a model of both. Pixels of bf16 are
// transformed and multiplied in f32; direct_rate: the direct products made in the time of one in f32.
bool winograd_pays(const Window& window, int64_t groups, const WinogradTiles& tiles, int lanes, double direct_rate);
bool winograd_pays(const Window& window, int64_t groups, const WinogradTiles& tiles, DType pixels,
                   const CpuDevice& device);

}  // namespace dl
