// Convolutions, and their gradients with respect to input and weight, as products of matrices whose factors are
// gathered while they are needed: never in memory as a whole. bf16 on the tensor cores, f32 by multiplications and
// additions of f32, or rounded to tf32 on the tensor cores. A block makes one tile of a product; slabs of its factors
// come through a ring in shared memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"
#include "lib/device/cuda/kernels/window.h"

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

// y = convolution(x, weight), or the gradient of x of dy and weight: made [images, made …, outs] of source [images,
// source …, channels]. A row of the product is a place of what is made, its depth the taps' channels of the source. An
// element of the weight lies at group * weight_group + column * weight_column + tap * weight_tap + channel *
// weight_channel, column and channel counted within the group.
struct Convolve {
  const void *source, *weight;
  float* made;
  WindowAxis axis[3];
  int gradient;                              // 1: of the input
  int images, channels, outs, depth, width;  // depth, width: channels and outs of a group
  // Blocks: of each phase (1 or the axis's stride), row tile of a phase, group and column tile of a group, which is the
  // lowest digit.
  Divisor phases[3], row_tiles, groups, column_tiles;
  long long weight_group, weight_column, weight_tap, weight_channel;  // elements
};

// Bytes of shared memory.
template <ConvolutionMath math, int rows, int columns>
constexpr int convolve_bytes() {
  using Tile = ConvolutionTile<math, rows, columns>;
  return Tile::stages * (rows + columns) * 80 + rows * 32;
}

// `vectors`: 16 bytes of a place's channels, and of a weight's, at a time: depth, channels, weight_column and
// weight_tap are multiples of as many, and weight_channel is 1.
template <ConvolutionMath math, int rows, int columns, bool vectors, class Thread>
void convolve(const Thread& t, const Convolve& p) {
  using Tile = ConvolutionTile<math, rows, columns>;
  using T = typename Tile::T;
  constexpr int stage = (rows + columns) * Tile::row, threads = Tile::threads;
  const auto slabs = t.template shared<T>();
  // Of each row, where its window begins, the source's place along the axes; that place's number; and where it is made.
  const auto place = t.template shared<Vector<int, 4>>(Tile::stages * (rows + columns) * 5);
  const auto offset = t.template shared<long long>(Tile::stages * (rows + columns) * 10 + rows * 2);
  const auto to = offset + rows;

  int block = t.block();
  const int column0 = p.column_tiles.take(block) * columns, group = p.groups.take(block);
  const long long row0 = static_cast<long long>(p.row_tiles.take(block)) * rows;
  WindowReach axis[3];
  for (int a = 2; a >= 0; --a) axis[a] = reach_of(p.axis[a], p.gradient != 0, p.phases[a].take(block));
  const long long all_rows = static_cast<long long>(p.images) * axis[0].count * axis[1].count * axis[2].count;
  if (row0 >= all_rows) return;
  const int s1 = p.axis[1].source, s2 = p.axis[2].source;

  for (int r = t.index(); r < rows; r += threads) {
    long long from = 0, made = -1;
    Vector<int, 4> begin{{-(1 << 30), 0, 0, 0}};
    if (row0 + r < all_rows) {
      const WindowCounter at = counter_of(row0 + r, axis[2].count, axis[1].count, axis[0].count);
      int made_at[3];
      for (int a = 0; a < 3; ++a) {
        begin.at[a] = axis[a].base + at.at[2 - a] * axis[a].jump;
        made_at[a] = axis[a].begin + at.at[2 - a] * axis[a].over;
      }
      const long long image = at.at[3];
      from = (((image * p.axis[0].source + begin.at[0]) * s1 + begin.at[1]) * s2 + begin.at[2]) * p.channels;
      made = (((image * p.axis[0].made + made_at[0]) * p.axis[1].made + made_at[1]) * p.axis[2].made + made_at[2]) *
             p.outs;
    }
    offset[r] = from;
    to[r] = made;
    place[r] = begin;
  }
  t.sync();

  const T* source = static_cast<const T*>(p.source) + static_cast<long long>(group) * p.depth;
  const T* weight = static_cast<const T*>(p.weight) + group * p.weight_group;
  // What this thread fetches of each slab: chunks or single numbers of one place of the depth, of several rows.
  constexpr int across = vectors ? 4 : Tile::depth, apart = threads / across;
  constexpr int a_rows = rows / apart, b_rows = columns / apart;
  const int first_row = t.index() / across, first_k = t.index() % across * (vectors ? Tile::chunk : 1);
  const int taps1 = axis[1].taps, taps2 = axis[2].taps;
  const bool any = axis[0].taps > 0 && taps1 > 0 && taps2 > 0;
  const int steps =
      any ? static_cast<int>((static_cast<long long>(axis[0].taps) * taps1 * taps2 * p.depth + Tile::depth - 1) /
                             Tile::depth)
          : 0;
  WindowCounter k, slab;  // digits: channel, taps of the axes from the last to the first
  if (any) {
    k = counter_of(first_k, p.depth, taps2, taps1);
    slab = counter_of(Tile::depth, p.depth, taps2, taps1);
  }
  const auto begin = [&](int stage_at) {
    const int reach0 = k.at[3] * axis[0].hop, reach1 = k.at[2] * axis[1].hop, reach2 = k.at[1] * axis[2].hop;
    const bool tap = k.at[3] < axis[0].taps;
    const long long reach = ((static_cast<long long>(reach0) * s1 + reach1) * s2 + reach2) * p.channels + k.at[0];
    const int number =
        ((axis[0].first + k.at[3] * axis[0].every) * p.axis[1].size + axis[1].first + k.at[2] * axis[1].every) *
            p.axis[2].size +
        axis[2].first + k.at[1] * axis[2].every;
    const long long of_weight = number * p.weight_tap + k.at[0] * p.weight_channel;
    for (int i = 0; i < a_rows; ++i) {
      const int r = first_row + i * apart;
      const Vector<int, 4> from = place[r];
      const bool inside = tap && lies_within(from.at[0] + reach0, p.axis[0].source) &&
                          lies_within(from.at[1] + reach1, s1) && lies_within(from.at[2] + reach2, s2);
      if constexpr (vectors) {
        t.copy_16(slabs + stage_at * stage + r * Tile::row + first_k, inside ? source + (offset[r] + reach) : source,
                  inside ? 16 : 0);
      } else {
        slabs[stage_at * stage + r * Tile::row + first_k] = inside ? source[offset[r] + reach] : T{};
      }
    }
    for (int i = 0; i < b_rows; ++i) {
      const int c = first_row + i * apart;
      const bool inside = tap && column0 + c < p.width;
      const T* from = weight + (inside ? (column0 + c) * p.weight_column + of_weight : 0);
      if constexpr (vectors) {
        t.copy_16(slabs + stage_at * stage + (rows + c) * Tile::row + first_k, from, inside ? 16 : 0);
      } else {
        slabs[stage_at * stage + (rows + c) * Tile::row + first_k] = inside ? *from : T{};
      }
    }
    k.add(slab, p.depth, taps2, taps1);
  };
  ConvolutionSums<math, rows, columns> sums;
  convolution_slabs<Tile::stages>(t, steps, begin, [&](int stage_at) {
    sums.add(t, slabs + stage_at * stage, slabs + (stage_at * stage + rows * Tile::row));
  });

  float* made = p.made + static_cast<long long>(group) * p.width + column0;
  const int left = p.width - column0;
  const bool pairs = p.outs % 2 == 0 && p.width % 2 == 0;
  struct Put {
    decltype(to) at;
    const Thread& thread;
    float* made;
    int left;
    bool pairs;
    void operator()(int row, int column, float x) const {
      const long long row_at = at[row];
      if (row_at >= 0 && column < left) made[row_at + column] = x;
    }
    void operator()(int row, int column, float x, float y) const {
      const long long row_at = at[row];
      if (row_at < 0) return;
      if (pairs && column < left) {
        thread.put_vector(made + row_at + column, Vector<float, 2>{{x, y}});
      } else {
        if (column < left) made[row_at + column] = x;
        if (column + 1 < left) made[row_at + column + 1] = y;
      }
    }
  };
  sums.give(t, Put{to, t, made, left, pairs});
}

// The gradient of the weight: of each group, dy's columns times x's taps and channels, over all places of dy. Pieces of
// the places are summed by themselves and added by add_weight_pieces().
struct ConvolveWeight {
  const void *x, *dy;
  float* sums;         // [pieces][outs][taps * depth]
  WindowAxis axis[3];  // made: dy's places, source: x's
  int channels, outs, depth, width;
  Divisor groups, row_tiles, column_tiles;  // tiles: of a group
  long long places, piece;                  // piece: a multiple of 32
};

template <ConvolutionMath math, int rows, int columns>
constexpr int convolve_weight_bytes() {
  using Tile = ConvolutionTile<math, rows, columns>;
  return Tile::stages * Tile::depth * (Tile::across_a + Tile::across_b) * static_cast<int>(sizeof(typename Tile::T));
}

// vectors_dy, vectors_x: 16 bytes of a place's channels at a time; width and outs, depth and channels are multiples of
// as many.
template <ConvolutionMath math, int rows, int columns, bool vectors_dy, bool vectors_x, class Thread>
void convolve_weight(const Thread& t, const ConvolveWeight& p) {
  using Tile = ConvolutionTile<math, rows, columns>;
  using T = typename Tile::T;
  constexpr int threads = Tile::threads, stage = Tile::depth * (Tile::across_a + Tile::across_b);
  constexpr int stage_b = Tile::depth * Tile::across_a;
  const auto slabs = t.template shared<T>();

  int block = t.block();
  const int column0 = p.column_tiles.take(block) * columns, row0 = p.row_tiles.take(block) * rows;
  const int group = p.groups.take(block), piece = block;
  const long long first = piece * p.piece, last = first + p.piece < p.places ? first + p.piece : p.places;
  const int taps = p.axis[0].size * p.axis[1].size * p.axis[2].size, all_columns = taps * p.depth;
  const int made0 = p.axis[0].made, made1 = p.axis[1].made, made2 = p.axis[2].made;
  const int s0 = p.axis[0].source, s1 = p.axis[1].source, s2 = p.axis[2].source;
  const T* dy = static_cast<const T*>(p.dy) + group * p.width;
  const T* x = static_cast<const T*>(p.x) + group * p.depth;

  // What this thread fetches of each slab. dy: of several places the same columns. Copies take every `apart`-th place,
  // single numbers neighbouring ones.
  constexpr int dy_across = vectors_dy ? rows / Tile::chunk : rows, dy_apart = threads / dy_across;
  constexpr int dy_each = Tile::depth / dy_apart;
  const int dy_column = t.index() % dy_across * (vectors_dy ? Tile::chunk : 1);
  const int dy_first = t.index() / dy_across * (vectors_dy ? 1 : dy_each);
  const bool dy_inside = row0 + dy_column < p.width;
  long long dy_place = first + dy_first;
  // x: at several places the same tap and channels.
  constexpr int x_across = vectors_x ? columns / Tile::chunk : columns, x_apart = threads / x_across;
  constexpr int x_each = Tile::depth / x_apart, x_step = vectors_x ? x_apart : 1;
  const int x_column = t.index() % x_across * (vectors_x ? Tile::chunk : 1);
  const int x_first = t.index() / x_across * (vectors_x ? 1 : x_each);
  const bool x_inside = column0 + x_column < all_columns;
  const WindowCounter tap = counter_of(x_inside ? column0 + x_column : 0, p.depth, p.axis[2].size, p.axis[1].size);
  int reach[3];
  for (int a = 0; a < 3; ++a) reach[a] = tap.at[3 - a] * p.axis[a].dilation - p.axis[a].pad;
  long long x_place = first + x_first;
  WindowCounter at = counter_of(x_place, made2, made1, made0);  // of x_place; the last digit is the image
  const WindowCounter next = counter_of(x_step, made2, made1, made0),
                      skip = counter_of(Tile::depth - x_each * x_step, made2, made1, made0);

  const auto begin = [&](int stage_at) {
    for (int i = 0; i < dy_each; ++i) {
      const int k = dy_first + i * (vectors_dy ? dy_apart : 1);
      const long long at_place = dy_place + i * (vectors_dy ? dy_apart : 1);
      const bool inside = dy_inside && at_place < last;
      const T* from = dy + (inside ? at_place * p.outs + row0 + dy_column : 0);
      if constexpr (vectors_dy) {
        t.copy_16(slabs + stage_at * stage + k * Tile::across_a + dy_column, from, inside ? 16 : 0);
      } else {
        slabs[stage_at * stage + k * Tile::across_a + dy_column] = inside ? *from : T{};
      }
    }
    dy_place += Tile::depth;
    for (int i = 0; i < x_each; ++i) {
      const int k = x_first + i * x_step;
      const int p0 = at.at[2] * p.axis[0].stride + reach[0], p1 = at.at[1] * p.axis[1].stride + reach[1],
                p2 = at.at[0] * p.axis[2].stride + reach[2];
      const bool inside =
          x_inside && x_place + i * x_step < last && lies_within(p0, s0) && lies_within(p1, s1) && lies_within(p2, s2);
      const long long number = ((static_cast<long long>(at.at[3]) * s0 + p0) * s1 + p1) * s2 + p2;
      const T* from = x + (inside ? number * p.channels + tap.at[0] : 0);
      if constexpr (vectors_x) {
        t.copy_16(slabs + (stage_at * stage + stage_b + k * Tile::across_b + x_column), from, inside ? 16 : 0);
      } else {
        slabs[stage_at * stage + stage_b + k * Tile::across_b + x_column] = inside ? *from : T{};
      }
      at.add(next, made2, made1, made0);
    }
    x_place += Tile::depth;
    at.add(skip, made2, made1, made0);
  };
  const int steps = static_cast<int>((last - first + Tile::depth - 1) / Tile::depth);
  ConvolutionSums<math, rows, columns> sums;
  convolution_slabs<Tile::stages>(t, steps, begin, [&](int stage_at) {
    sums.add_across(t, slabs + stage_at * stage, slabs + (stage_at * stage + stage_b));
  });

  float* made = p.sums + (static_cast<long long>(piece) * p.outs + group * p.width + row0) * all_columns + column0;
  const int rows_left = p.width - row0, left = all_columns - column0;
  sums.give_across(t, [&](int row, int column, float sum, float sum_beside) {
    if (row >= rows_left) return;
    float* at_row = made + static_cast<long long>(row) * all_columns + column;
    if (all_columns % 2 == 0 && column < left) {
      t.put_vector(at_row, Vector<float, 2>{{sum, sum_beside}});
    } else {
      if (column < left) at_row[0] = sum;
      if (column + 1 < left) at_row[1] = sum_beside;
    }
  });
}

// The pieces' sums [pieces][outs][taps][depth], added in their order, as a weight is stored, [outs][depth][taps].
struct AddWeightPieces {
  const float* sums;
  float* weight;
  int pieces, taps, depth;
  Divisor by_depth, by_taps;
  long long elements;  // of the weight
};
// A block of 256 threads adds 256 / parts elements, each by `parts` threads whose sums are added in their order.
template <int parts, class Thread>
void add_weight_pieces(const Thread& t, const AddWeightPieces& p) {
  constexpr int elements = 256 / parts;
  const long long e = static_cast<long long>(t.block()) * elements + t.index() % elements;
  float sum = 0;
  if (e < p.elements)
    for (int piece = t.index() / elements; piece < p.pieces; piece += parts) sum += p.sums[piece * p.elements + e];
  if constexpr (parts > 1) {
    const auto partial = t.template shared<float>();
    partial[t.index()] = sum;
    t.sync();
    if (t.index() >= elements) return;
    for (int part = 1; part < parts; ++part) sum += partial[part * elements + t.index()];
  }
  if (e >= p.elements) return;
  const long long place = p.by_depth.quotient(e), out = p.by_taps.quotient(place);
  const int d = static_cast<int>(e - place * p.depth), tap = static_cast<int>(place - out * p.taps);
  p.weight[(out * p.depth + d) * p.taps + tap] = sum;
}

// Matrices [rows][columns], one behind another, transposed: weights as convolve() and depthwise() read them.
struct TransposeWeight {
  const void* from;
  void* to;
  int rows, columns, column_tiles, row_tiles;
};
template <class T, class Thread>
void transpose_weight(const Thread& t, const TransposeWeight& p) {  // 256 threads, tiles of 32 x 32
  const auto tile = t.template shared<T>();
  int block = t.block();
  const int column0 = block % p.column_tiles * 32;
  block /= p.column_tiles;
  const int row0 = block % p.row_tiles * 32;
  const long long at = static_cast<long long>(block / p.row_tiles) * p.rows * p.columns;
  const T* from = static_cast<const T*>(p.from) + at;
  T* to = static_cast<T*>(p.to) + at;
  for (int r = t.warp(); r < 32; r += 8) {
    if (row0 + r < p.rows && column0 + t.lane() < p.columns)
      tile[r * 33 + t.lane()] = from[static_cast<long long>(row0 + r) * p.columns + column0 + t.lane()];
  }
  t.sync();
  for (int c = t.warp(); c < 32; c += 8) {
    if (row0 + t.lane() < p.rows && column0 + c < p.columns)
      to[static_cast<long long>(column0 + c) * p.rows + row0 + t.lane()] = tile[t.lane() * 33 + c];
  }
}

}  // namespace dl::cuda
