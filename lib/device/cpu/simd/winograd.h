// Winograd's minimal filtering F(4×4, 3×3) (Lavin and Gray 2015, arXiv:1509.09308): 16 outputs of a 3×3 window from 36
// products instead of 144. These are its transforms, between pixels and 36 matrices; the products lie between them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

constexpr int winograd_out = 4;                // a tile of outputs is 4×4
constexpr int winograd_in = winograd_out + 2;  // and reads 6×6 inputs
constexpr int winograd_points = winograd_in * winograd_in;

// Matrix `point` of a kind begins `stride` floats behind that of point - 1.
struct WinogradPoints {
  float* data = nullptr;
  int64_t stride = 0;
};

// Weights [out][in][3][3] and where they go: panels of neighbouring columns behind one another, the panel from column n
// on at (n - origin) * depth, row r of it `vectors` vectors of columns. The missing columns are 0. strip.h's
// next_vectors(…, strip_rows) divides columns.
struct WinogradWeights {
  const float* weight = nullptr;
  int64_t out = 0, in = 0;
  int64_t strip_rows = 0;
  int64_t origin = 0;
};

// The transforms that read pixels. T: float, or uint16_t for bf16.
template <class T>
struct WinogradReadsOf {
  // A tile of inputs, pixel[6 * row + column], `channels` of them each; they become row to.data of each matrix.
  void (*inputs)(const T* const* pixels, int64_t channels, const WinogradPoints& to);
  // The transpose of WinogradKernels::outputs(): `channels` of a tile of outputs' gradients, from `first` on,
  // pixel[4 * row + column], become a row of each matrix.
  void (*output_gradients)(const T* const* pixels, int64_t first, int64_t channels, const WinogradPoints& to);
};

struct WinogradKernels {
  WinogradReadsOf<float> f32;
  WinogradReadsOf<uint16_t> bf16;
  template <class T>
  const WinogradReadsOf<T>& reads() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return f32;
    } else {
      return bf16;
    }
  }

  // A row of each matrix becomes a tile of outputs, of which the first `rows` rows and `columns` columns are written.
  void (*outputs)(const WinogradPoints& from, int64_t channels, float* y, int64_t y_row, int64_t y_column, int rows,
                  int columns);

  // The panels that begin at one of the columns [begin, end). Columns out, rows in:
  void (*weights_by_out)(const WinogradWeights& w, int64_t begin, int64_t end, const WinogradPoints& to);
  // Columns in, rows out, the window turned by half a turn: for the gradient with respect to the input.
  void (*weights_by_in)(const WinogradWeights& w, int64_t begin, int64_t end, const WinogradPoints& to);

  // The products [in][width] of each point become the weight's gradients, taps[(tap * in + i) * width + o]. The lanes
  // divide width.
  void (*weight_gradients)(const WinogradPoints& from, int64_t in, int64_t width, float* taps);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::WinogradKernels, winograd_kernels)
