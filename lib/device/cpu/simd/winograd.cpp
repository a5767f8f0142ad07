// The transforms of F(4×4, 3×3), vectors over the channels: each is a matrix applied from the left and, transposed,
// from the right.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/winograd.h"

#include "lib/device/cpu/simd/bf16.h"
#include "lib/device/cpu/simd/pack.h"
#include "lib/device/cpu/simd/tile.h"

namespace dl::DL_ISA {
namespace {

constexpr int in = winograd_in, out = winograd_out;

// Polynomials are interpolated at 0, ±a, ±b and infinity. The usual 1 and 2 make the rounding error twice as large;
// these were the best of those tried, see winograd.h.
constexpr float a = 0.75f, b = 1.5f, aa = a * a, bb = b * b;

// y = B' x: [aabb 0 -(aa+bb) 0 1 0; 0 ∓abb -bb ±a 1 0; 0 ∓aab -aa ±b 1 0; 0 aabb 0 -(aa+bb) 0 1] x
DL_INLINE void input_line(const vf (&x)[in], vf (&y)[in]) {
  const vf even_a = x[4] - splat(bb) * x[2], odd_a = x[3] - splat(bb) * x[1];
  const vf even_b = x[4] - splat(aa) * x[2], odd_b = x[3] - splat(aa) * x[1];
  y[0] = splat(aa * bb) * x[0] + (x[4] - splat(aa + bb) * x[2]);
  y[1] = even_a + splat(a) * odd_a;
  y[2] = even_a - splat(a) * odd_a;
  y[3] = even_b + splat(b) * odd_b;
  y[4] = even_b - splat(b) * odd_b;
  y[5] = splat(aa * bb) * x[1] + (x[5] - splat(aa + bb) * x[3]);
}

// y = A' x: [1 1 1 1 1 0; 0 a -a b -b 0; 0 aa aa bb bb 0; 0 aaa -aaa bbb -bbb 1] x
DL_INLINE void output_line(const vf (&x)[in], vf (&y)[out]) {
  const vf sum_a = x[1] + x[2], difference_a = x[1] - x[2], sum_b = x[3] + x[4], difference_b = x[3] - x[4];
  y[0] = x[0] + sum_a + sum_b;
  y[1] = splat(a) * difference_a + splat(b) * difference_b;
  y[2] = splat(aa) * sum_a + splat(bb) * sum_b;
  y[3] = splat(aa * a) * difference_a + (splat(bb * b) * difference_b + x[5]);
}

// y = A x
DL_INLINE void output_gradient_line(const vf (&x)[out], vf (&y)[in]) {
  const vf even_a = x[0] + splat(aa) * x[2], odd_a = x[1] + splat(aa) * x[3];
  const vf even_b = x[0] + splat(bb) * x[2], odd_b = x[1] + splat(bb) * x[3];
  y[0] = x[0];
  y[1] = even_a + splat(a) * odd_a;
  y[2] = even_a - splat(a) * odd_a;
  y[3] = even_b + splat(b) * odd_b;
  y[4] = even_b - splat(b) * odd_b;
  y[5] = x[3];
}

// y = G x: [1/aabb 0 0; [1 ±a aa] / na; [1 ±b bb] / nb; 0 0 1] x
constexpr float na = 2 * aa * (aa - bb), nb = 2 * bb * (bb - aa);

DL_INLINE void weight_line(const vf (&x)[3], vf (&y)[in]) {
  const vf even_a = x[0] * splat(1 / na) + x[2] * splat(aa / na);
  const vf even_b = x[0] * splat(1 / nb) + x[2] * splat(bb / nb);
  y[0] = x[0] * splat(1 / (aa * bb));
  y[1] = even_a + x[1] * splat(a / na);
  y[2] = even_a - x[1] * splat(a / na);
  y[3] = even_b + x[1] * splat(b / nb);
  y[4] = even_b - x[1] * splat(b / nb);
  y[5] = x[2];
}

// y = G' x
DL_INLINE void weight_gradient_line(const vf (&x)[in], vf (&y)[3]) {
  const vf sum_a = x[1] + x[2], sum_b = x[3] + x[4];
  y[0] = x[0] * splat(1 / (aa * bb)) + (sum_a * splat(1 / na) + sum_b * splat(1 / nb));
  y[1] = (x[1] - x[2]) * splat(a / na) + (x[3] - x[4]) * splat(b / nb);
  y[2] = sum_a * splat(aa / na) + (sum_b * splat(bb / nb) + x[5]);
}

// to[To × To] = line applied to the columns and then to the rows of from[From × From].
template <int From, int To, class Line>
DL_INLINE void both_ways(const vf (&from)[From * From], vf (&to)[To * To], Line line) {
  vf half[From][To];
#pragma GCC unroll 6
  for (int c = 0; c < From; ++c) {
    vf x[From];
#pragma GCC unroll 6
    for (int r = 0; r < From; ++r) x[r] = from[r * From + c];
    line(x, half[c]);
  }
#pragma GCC unroll 6
  for (int r = 0; r < To; ++r) {
    vf x[From], y[To];
#pragma GCC unroll 6
    for (int c = 0; c < From; ++c) x[c] = half[c][r];
    line(x, y);
#pragma GCC unroll 6
    for (int c = 0; c < To; ++c) to[r * To + c] = y[c];
  }
}

template <int From, class T, class Line>
DL_INLINE void pixels_to_points(const T* const* pixels, int64_t first, int64_t channels, const WinogradPoints& to,
                                Line line) {
  each_vector(
      channels, [&](int64_t c, int count) __attribute__((always_inline)) {
        vf x[From * From], y[winograd_points];
#pragma GCC unroll 36
        for (int i = 0; i < From * From; ++i) x[i] = load_some(pixels[i] + first + c, count);
        both_ways<From, in>(x, y, line);
    // Whole vectors: what lies behind the channels becomes 0.
#pragma GCC unroll 36
        for (int i = 0; i < winograd_points; ++i) store(to.data + i * to.stride + c, y[i]);
      });
}

template <class T>
void inputs(const T* const* pixels, int64_t channels, const WinogradPoints& to) {
  pixels_to_points<in>(pixels, 0, channels, to, input_line);
}

template <class T>
void output_gradients(const T* const* pixels, int64_t first, int64_t channels, const WinogradPoints& to) {
  pixels_to_points<out>(pixels, first, channels, to, output_gradient_line);
}

void outputs(const WinogradPoints& from, int64_t channels, float* y, int64_t y_row, int64_t y_column, int rows,
             int columns) {
  each_vector(
      channels, [&](int64_t c, int count) __attribute__((always_inline)) {
        vf x[winograd_points], tile[out * out];
#pragma GCC unroll 36
        for (int i = 0; i < winograd_points; ++i) x[i] = load(from.data + i * from.stride + c);
        both_ways<in, out>(x, tile, output_line);
        if (count == lanes && rows == out && columns == out) {
#pragma GCC unroll 16
          for (int i = 0; i < out * out; ++i) store(y + i / out * y_row + i % out * y_column + c, tile[i]);
          return;
        }
#pragma GCC unroll 16
        for (int i = 0; i < out * out; ++i) {
          if (i / out < rows && i % out < columns) {
            store_first(y + i / out * y_row + i % out * y_column + c, tile[i], count);
          }
        }
      });
}

// Calls f(column, count, to_row) for each vector of the panels of `depth` rows that begin in [begin, end) of all
// columns; to_row(r) is where row r of the panel of point 0 lies.
template <class F>
void for_each_panel_vector(const WinogradWeights& w, int64_t columns, int64_t depth, int64_t begin, int64_t end,
                           float* to, F f) {
  each_panel_vector(columns, w.strip_rows, begin, end, [&](int64_t n, int64_t width, int v, int count) {
    f(n + v * lanes, count, [=, &w](int64_t row) { return to + (n - w.origin) * depth + row * width + v * lanes; });
  });
}

DL_INLINE void put_weight(const vf (&taps)[9], float* to, int64_t stride) {
  vf y[winograd_points];
  both_ways<3, in>(taps, y, weight_line);
#pragma GCC unroll 36
  for (int i = 0; i < winograd_points; ++i) store(to + i * stride, y[i]);
}

void weights_by_out(const WinogradWeights& w, int64_t begin, int64_t end, const WinogradPoints& to) {
  for_each_panel_vector(w, w.out, w.in, begin, end, to.data, [&](int64_t o, int count, auto to_row) {
    vf taps[9];
    int tap = 0;
    int64_t i = 0;
    turn_rows(w.weight + o * w.in * 9, w.in * 9, count, w.in * 9, [&](int64_t, vf x) {
      taps[tap] = x;
      if (++tap < 9) return;
      put_weight(taps, to_row(i++), to.stride);
      tap = 0;
    });
  });
}

void weights_by_in(const WinogradWeights& w, int64_t begin, int64_t end, const WinogradPoints& to) {
  for_each_panel_vector(w, w.in, w.out, begin, end, to.data, [&](int64_t i, int count, auto to_row) {
    for (int64_t o = 0; o < w.out; ++o) {
      vf taps[9];
      turn_rows(w.weight + (o * w.in + i) * 9, 9, count, 9, [&](int64_t tap, vf x) { taps[8 - tap] = x; });
      put_weight(taps, to_row(o), to.stride);
    }
  });
}

void weight_gradients(const WinogradPoints& from, int64_t channels, int64_t width, float* taps) {
  for (int64_t i = 0; i < channels; ++i) {
    for (int64_t o = 0; o < width; o += lanes) {
      vf x[winograd_points], y[9];
#pragma GCC unroll 36
      for (int p = 0; p < winograd_points; ++p) x[p] = load(from.data + p * from.stride + i * width + o);
      both_ways<in, 3>(x, y, weight_gradient_line);
#pragma GCC unroll 9
      for (int tap = 0; tap < 9; ++tap) store(taps + (tap * channels + i) * width + o, y[tap]);
    }
  }
}

}  // namespace

const WinogradKernels winograd_kernels = {{inputs<float>, output_gradients<float>},
                                          {inputs<uint16_t>, output_gradients<uint16_t>},
                                          outputs,
                                          weights_by_out,
                                          weights_by_in,
                                          weight_gradients};

}  // namespace dl::DL_ISA
