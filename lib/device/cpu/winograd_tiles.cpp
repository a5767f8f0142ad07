// Where tiles lie, and when they are worth it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/winograd_tiles.h"

#include "lib/base/division.h"
#include "lib/device/cpu/simd/strip.h"

namespace dl {
namespace {

// The pixels of a window of size × size from (top, left) on; `zeros` where they lie beside the image.
template <class T>
void find_pixels(const T* image, int64_t height, int64_t width, int64_t channels, int64_t top, int64_t left, int size,
                 const T* zeros, const T** pixels) {
  for (int64_t y = top; y < top + size; ++y) {
    for (int64_t x = left; x < left + size; ++x) {
      const bool inside = y >= 0 && y < height && x >= 0 && x < width;
      *pixels++ = inside ? image + (y * width + x) * channels : zeros;
    }
  }
}

}  // namespace

WinogradTiles WinogradTiles::of(const Window& w, const Shape& x, const Shape& y) {
  return {.images = x[0],
          .in_height = x[1],
          .in_width = x[2],
          .in_channels = x[3],
          .out_height = y[1],
          .out_width = y[2],
          .out_channels = y[3],
          .pad_top = w.pad_before[0],
          .pad_left = w.pad_before[1]};
}

WinogradTiles WinogradTiles::of_input_gradient(const Window& w, const Shape& dx, const Shape& dy) {
  WinogradTiles tiles = of(w, dy, dx);
  tiles.pad_top = 2 - w.pad_before[0];
  tiles.pad_left = 2 - w.pad_before[1];
  return tiles;
}

template <class T>
void WinogradTiles::inputs(int64_t row, int64_t column, const T* x, const T* zeros, const T** pixels) const {
  find_pixels(x + row / down() * in_height * in_width * in_channels, in_height, in_width, in_channels,
              row % down() * winograd_out - pad_top, column * winograd_out - pad_left, winograd_in, zeros, pixels);
}

template <class T>
void WinogradTiles::outputs(int64_t row, int64_t column, const T* y, const T* zeros, const T** pixels) const {
  find_pixels(y + row / down() * out_height * out_width * out_channels, out_height, out_width, out_channels,
              row % down() * winograd_out, column * winograd_out, winograd_out, zeros, pixels);
}

template void WinogradTiles::inputs(int64_t, int64_t, const float*, const float*, const float**) const;
template void WinogradTiles::inputs(int64_t, int64_t, const uint16_t*, const uint16_t*, const uint16_t**) const;
template void WinogradTiles::outputs(int64_t, int64_t, const float*, const float*, const float**) const;
template void WinogradTiles::outputs(int64_t, int64_t, const uint16_t*, const uint16_t*, const uint16_t**) const;

int64_t winograd_stride(int64_t floats) { return (ceil_div(floats, 16) | 1) * 16; }

// In multiply-adds of a vector: what a product costs beside its depth, and the transforms of a vector of channels,
// were measured. Transformed weights that no second-level cache holds go to memory and come back.
bool winograd_pays(const Window& w, int64_t groups, const WinogradTiles& t, int lanes, double direct_rate) {
  if (groups != 1 || !w.all(w.size, 3) || !w.all(w.stride, 1) || !w.all(w.dilation, 1)) return false;
  constexpr double cached_weight = 200, other_weight = 700;
  constexpr int64_t cached_bytes = 2 << 20;
  const double in = static_cast<double>(t.in_channels),
               in_vectors = static_cast<double>(ceil_div(t.in_channels, lanes));
  const double out_vectors = static_cast<double>(ceil_div(t.out_channels, lanes));
  const double direct = static_cast<double>(t.pixels()) * 9 * in * out_vectors / direct_rate;
  const double tile = winograd_points * (in + 6) * out_vectors + 220 * in_vectors + 170 * out_vectors;
  const bool cached = 4 * winograd_points * t.in_channels * t.out_channels <= cached_bytes;
  const double weight = (cached ? cached_weight : other_weight) * in * out_vectors;
  return static_cast<double>(t.count()) * tile + weight < 0.85 * direct;
}

bool winograd_pays(const Window& w, int64_t groups, const WinogradTiles& t, DType pixels, const CpuDevice& device) {
  const double direct_rate = pixels == DType::f32 ? 1 : device.bf16_unit() == Bf16Unit::avx512_bf16 ? 2 : 0.5;
  return winograd_pays(w, groups, t, DL_FOR_ISA(device.isa(), strip_kernels).lanes, direct_rate);
}

}  // namespace dl
