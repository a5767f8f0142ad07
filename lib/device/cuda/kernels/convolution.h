// Convolutions, and their gradients with respect to the input, as products of matrices whose factors are gathered while
// they are needed: never in memory as a whole. A block makes one tile of a product; slabs of its factors come through a
// ring in shared memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/convolution_tile.h"
#include "lib/device/cuda/kernels/window.h"

namespace dl::cuda {

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

// Of each row of a block's tile, in shared memory: where its window begins, the source's place along the axes; that
// place's number; and where it is made, -1 where there is no such row.
template <class Places, class Offsets>
struct ConvolveRows {
  Places place;
  Offsets offset, to;
};

// `rows` of them, of all the rows there are those from row0 on; to be seen after a sync().
template <int rows, int threads, class Thread, class Rows>
void find_convolve_rows(const Thread& t, const Convolve& p, const WindowReach (&axis)[3], long long row0,
                        long long all_rows, const Rows& found) {
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
    found.offset[r] = from;
    found.to[r] = made;
    found.place[r] = begin;
  }
}

// A tap's channel: how far from a window's beginning the source has it, along the axes and in elements, and where in a
// column the weight does. `k`: digits of the depth, channel and taps of the axes from the last to the first.
struct ConvolveTap {
  bool there;
  int reach[3];
  long long of_source, of_weight;
};
inline ConvolveTap tap_of(const Convolve& p, const WindowReach (&axis)[3], const WindowCounter& k) {
  ConvolveTap tap;
  tap.there = k.at[3] < axis[0].taps;
  for (int a = 0; a < 3; ++a) tap.reach[a] = k.at[3 - a] * axis[a].hop;
  tap.of_source =
      ((static_cast<long long>(tap.reach[0]) * p.axis[1].source + tap.reach[1]) * p.axis[2].source + tap.reach[2]) *
          p.channels +
      k.at[0];
  const int number =
      ((axis[0].first + k.at[3] * axis[0].every) * p.axis[1].size + axis[1].first + k.at[2] * axis[1].every) *
          p.axis[2].size +
      axis[2].first + k.at[1] * axis[2].every;
  tap.of_weight = number * p.weight_tap + k.at[0] * p.weight_channel;
  return tap;
}

// Takes the sums of a tile to where its rows are made. `left`: columns of the group from the tile's first on; `pairs`:
// whether two neighbouring ones are aligned.
template <class Thread, class Offsets>
struct PutConvolved {
  const Thread& thread;
  Offsets to;
  float* made;
  int left;
  bool pairs;
  void operator()(int row, int column, float x) const {
    const long long row_at = to[row];
    if (row_at >= 0 && column < left) made[row_at + column] = x;
  }
  void operator()(int row, int column, float x, float y) const {
    const long long row_at = to[row];
    if (row_at < 0) return;
    if (pairs && column < left) {
      thread.put_vector(made + row_at + column, Vector<float, 2>{{x, y}});
    } else {
      if (column < left) made[row_at + column] = x;
      if (column + 1 < left) made[row_at + column + 1] = y;
    }
  }
};

// `vectors`: 16 bytes of a place's channels, and of a weight's, at a time: depth, channels, weight_column and
// weight_tap are multiples of as many, and weight_channel is 1.
template <ConvolutionMath math, int rows, int columns, bool vectors, class Thread>
void convolve(const Thread& t, const Convolve& p) {
  using Tile = ConvolutionTile<math, rows, columns>;
  using T = typename Tile::T;
  constexpr int stage = (rows + columns) * Tile::row, threads = Tile::threads;
  const auto slabs = t.template shared<T>();
  const auto place = t.template shared<Vector<int, 4>>(Tile::stages * (rows + columns) * 5);
  const auto offset = t.template shared<long long>(Tile::stages * (rows + columns) * 10 + rows * 2);
  const ConvolveRows<decltype(place), decltype(offset)> of_rows{place, offset, offset + rows};

  int block = t.block();
  const int column0 = p.column_tiles.take(block) * columns, group = p.groups.take(block);
  const long long row0 = static_cast<long long>(p.row_tiles.take(block)) * rows;
  WindowReach axis[3];
  for (int a = 2; a >= 0; --a) axis[a] = reach_of(p.axis[a], p.gradient != 0, p.phases[a].take(block));
  const long long all_rows = static_cast<long long>(p.images) * axis[0].count * axis[1].count * axis[2].count;
  if (row0 >= all_rows) return;
  find_convolve_rows<rows, threads>(t, p, axis, row0, all_rows, of_rows);
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
  WindowCounter k, slab;
  if (any) {
    k = counter_of(first_k, p.depth, taps2, taps1);
    slab = counter_of(Tile::depth, p.depth, taps2, taps1);
  }
  const auto begin = [&](int stage_at) {
    const ConvolveTap tap = tap_of(p, axis, k);
    for (int i = 0; i < a_rows; ++i) {
      const int r = first_row + i * apart;
      const Vector<int, 4> from = place[r];
      const bool inside = tap.there && lies_within(from.at[0] + tap.reach[0], p.axis[0].source) &&
                          lies_within(from.at[1] + tap.reach[1], p.axis[1].source) &&
                          lies_within(from.at[2] + tap.reach[2], p.axis[2].source);
      if constexpr (vectors) {
        t.copy_16(slabs + stage_at * stage + r * Tile::row + first_k,
                  inside ? source + (offset[r] + tap.of_source) : source, inside ? 16 : 0);
      } else {
        slabs[stage_at * stage + r * Tile::row + first_k] = inside ? source[offset[r] + tap.of_source] : T{};
      }
    }
    for (int i = 0; i < b_rows; ++i) {
      const int c = first_row + i * apart;
      const bool inside = tap.there && column0 + c < p.width;
      const T* from = weight + (inside ? (column0 + c) * p.weight_column + tap.of_weight : 0);
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
  const bool pairs = p.outs % 2 == 0 && p.width % 2 == 0;
  sums.give(t, PutConvolved<Thread, decltype(offset)>{t, of_rows.to, made, p.width - column0, pairs});
}

}  // namespace dl::cuda
