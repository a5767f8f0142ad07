// Tiles of the products that convolutions are: their slabs in shared memory, and a thread's part of their sums. bf16 on
// the tensor cores, f32 by multiplications and additions of f32, or rounded to tf32 on the tensor cores.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

enum class ConvolutionMath { f32, tf32, bf16 };
template <ConvolutionMath math>
struct ConvolutionFactor {
  using Number = float;
};
template <>
struct ConvolutionFactor<ConvolutionMath::bf16> {
  using Number = Bf16;
};

// What blocks of one size share.
template <ConvolutionMath math, int rows, int columns>
struct ConvolutionTile {
  using T = typename ConvolutionFactor<math>::Number;
  static constexpr int threads = rows * columns >= 128 * 64 ? 256 : 128;
  static constexpr int depth = 64 / sizeof(T);  // of a slab
  static constexpr int chunk = 16 / sizeof(T);  // what one access of memory holds
  static constexpr int stages = 3;              // slabs in the ring
  // Rows of a slab, as they lie in shared memory: of `depth` numbers, 80 bytes apart, or `depth` of rows or columns.
  // Either way eight neighbouring rows lie in different banks.
  static constexpr int row = depth + chunk, across_a = rows + 8, across_b = columns + 8;
};

// A thread's part of a tile's sums. A warp of the tensor cores makes warp_rows x 32 of them; without, a thread makes 8
// x `wide`.
template <ConvolutionMath math, int rows, int columns>
class ConvolutionSums {
  using Tile = ConvolutionTile<math, rows, columns>;
  static constexpr bool tensor = math != ConvolutionMath::f32;
  static constexpr int warp_rows = rows * columns == 128 * 128 ? 64 : 32, warps_across = columns / 32;
  static constexpr int high = tensor ? warp_rows / 16 : 8, wide = tensor ? 4 : rows * columns / Tile::threads / 8;
  static constexpr int each = tensor ? 4 : 1;
  static constexpr int threads_across = columns / wide, threads_down = rows / 8;  // without tensor cores

 public:
  // Adds the product of a slab: a [rows][depth] and b [columns][depth].
  template <class Thread, class Slab>
  void add(const Thread& t, const Slab& a, const Slab& b) {
    if constexpr (math == ConvolutionMath::bf16) {
      add_bf16(
          t,
          [&](int r, int k, unsigned(&to)[4]) {
            t.template load_matrices<false>(to, a + (r + t.lane() % 16) * Tile::row + k + t.lane() / 16 * 8);
          },
          [&](int c, int k, unsigned(&to)[4]) {
            const int column = c + t.lane() / 16 * 8 + t.lane() % 8;
            t.template load_matrices<false>(to, b + column * Tile::row + k + t.lane() / 8 % 2 * 8);
          });
    } else if constexpr (math == ConvolutionMath::tf32) {
      add_tf32(
          t, [&](int r, int k) -> float { return a[r * Tile::row + k]; },
          [&](int c, int k) -> float { return b[c * Tile::row + k]; });
    } else {
      const int down = t.index() / threads_across, across = t.index() % threads_across;
      for (int k = 0; k < Tile::depth; k += 4) {
        Vector<float, 4> x[8];
        for (int i = 0; i < 8; ++i)
          x[i] = t.template vector<Vector<float, 4>>(a + (down + i * threads_down) * Tile::row + k);
        for (int j = 0; j < wide; ++j) {
          const auto y = t.template vector<Vector<float, 4>>(b + (across + j * threads_across) * Tile::row + k);
          for (int i = 0; i < 8; ++i)
            for (int e = 0; e < 4; ++e) sums_[i][j][0] += x[i].at[e] * y.at[e];
        }
      }
    }
  }

  // The same of a [depth][rows] and b [depth][columns].
  template <class Thread, class Slab>
  void add_across(const Thread& t, const Slab& a, const Slab& b) {
    if constexpr (math == ConvolutionMath::bf16) {
      add_bf16(
          t,
          [&](int r, int k, unsigned(&to)[4]) {
            const int from = k + t.lane() / 16 * 8 + t.lane() % 8;
            t.template load_matrices<true>(to, a + from * Tile::across_a + r + t.lane() / 8 % 2 * 8);
          },
          [&](int c, int k, unsigned(&to)[4]) {
            t.template load_matrices<true>(to, b + (k + t.lane() % 16) * Tile::across_b + c + t.lane() / 16 * 8);
          });
    } else if constexpr (math == ConvolutionMath::tf32) {
      add_tf32(
          t, [&](int r, int k) -> float { return a[k * Tile::across_a + r]; },
          [&](int c, int k) -> float { return b[k * Tile::across_b + c]; });
    } else {
      const int down = t.index() / threads_across, across = t.index() % threads_across;
      for (int k = 0; k < Tile::depth; ++k) {
        Vector<float, 4> x[2], y[wide / 4];
        for (int i = 0; i < 2; ++i)
          x[i] = t.template vector<Vector<float, 4>>(a + k * Tile::across_a + (down + i * threads_down) * 4);
        for (int j = 0; j < wide / 4; ++j)
          y[j] = t.template vector<Vector<float, 4>>(b + k * Tile::across_b + (across + j * threads_across) * 4);
        for (int i = 0; i < 8; ++i)
          for (int j = 0; j < wide; ++j) sums_[i][j][0] += x[i / 4].at[i % 4] * y[j / 4].at[j % 4];
      }
    }
  }

  // What add() made: put(row, column, x, y) of two neighbouring columns, or put(row, column, x).
  template <class Thread, class Put>
  void give(const Thread& t, const Put& put) const {
    if constexpr (tensor) {
      give_pairs(t, put);
    } else {
      const int down = t.index() / threads_across, across = t.index() % threads_across;
      for (int i = 0; i < high; ++i)
        for (int j = 0; j < wide; ++j) put(down + i * threads_down, across + j * threads_across, sums_[i][j][0]);
    }
  }
  // What add_across() made.
  template <class Thread, class Put>
  void give_across(const Thread& t, const Put& put) const {
    if constexpr (tensor) {
      give_pairs(t, put);
    } else {
      const int down = t.index() / threads_across, across = t.index() % threads_across;
      for (int i = 0; i < high; ++i) {
        for (int j = 0; j < wide; j += 2) {
          put((down + i / 4 * threads_down) * 4 + i % 4, (across + j / 4 * threads_across) * 4 + j % 4, sums_[i][j][0],
              sums_[i][j + 1][0]);
        }
      }
    }
  }

 private:
  template <class Thread>
  static int warp_row(const Thread& t) {
    return t.warp() / warps_across * warp_rows;
  }
  template <class Thread>
  static int warp_column(const Thread& t) {
    return t.warp() % warps_across * 32;
  }

  template <class Thread, class LoadA, class LoadB>
  void add_bf16(const Thread& t, const LoadA& load_a, const LoadB& load_b) {
    const int r = warp_row(t), c = warp_column(t);
    for (int k = 0; k < Tile::depth; k += 16) {
      unsigned b[2][4];
      for (int j = 0; j < 2; ++j) load_b(c + j * 16, k, b[j]);
      for (int i = 0; i < high; ++i) {
        unsigned a[4];
        load_a(r + i * 16, k, a);
        for (int j = 0; j < wide; ++j) {
          const unsigned pair[2] = {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]};
          t.multiply_add(sums_[i][j], a, pair);
        }
      }
    }
  }
  template <class Thread, class LoadA, class LoadB>
  void add_tf32(const Thread& t, const LoadA& load_a, const LoadB& load_b) {
    const int r = warp_row(t) + t.lane() / 4, c = warp_column(t) + t.lane() / 4;
    for (int k = t.lane() % 4; k < Tile::depth; k += 8) {
      unsigned b[wide][2];
      for (int j = 0; j < wide; ++j)
        for (int h = 0; h < 2; ++h) b[j][h] = t.tf32(load_b(c + j * 8, k + h * 4));
      for (int i = 0; i < high; ++i) {
        unsigned a[4];
        for (int h = 0; h < 4; ++h) a[h] = t.tf32(load_a(r + i * 16 + h % 2 * 8, k + h / 2 * 4));
        for (int j = 0; j < wide; ++j) t.multiply_add_tf32(sums_[i][j], a, b[j]);
      }
    }
  }
  template <class Thread, class Put>
  void give_pairs(const Thread& t, const Put& put) const {
    const int r = warp_row(t) + t.lane() / 4, c = warp_column(t) + t.lane() % 4 * 2;
    for (int i = 0; i < high; ++i)
      for (int h = 0; h < 2; ++h)
        for (int j = 0; j < wide; ++j) put(r + i * 16 + h * 8, c + j * 8, sums_[i][j][h * 2], sums_[i][j][h * 2 + 1]);
  }

  float sums_[high][wide][each] = {};
};

// begin(place) fills a place of the ring with the next slab, by copies that are waited for or at once, two slabs before
// compute(place). All threads of the block; the last slab is at work when this returns.
template <int stages, class Thread, class Begin, class Compute>
void convolution_slabs(const Thread& t, int steps, const Begin& begin, const Compute& compute) {
  for (int step = 0; step < stages - 1; ++step) {
    if (step < steps) begin(step);
    t.end_copies();
  }
  int now = 0, next = stages - 1;
  for (int step = 0; step < steps; ++step) {
    t.template wait_copies<stages - 2>();
    t.sync();
    if (step + stages - 1 < steps) begin(next);
    t.end_copies();
    compute(now);
    now = now + 1 == stages ? 0 : now + 1;
    next = next + 1 == stages ? 0 : next + 1;
  }
  t.template wait_copies<0>();
}

}  // namespace dl::cuda
