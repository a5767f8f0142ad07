// The gradient of a convolution's weight, as products of matrices whose factors are gathered while they are needed,
// over pieces of the places; and the sum of the pieces.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/convolution_tile.h"
#include "lib/device/cuda/kernels/window.h"

namespace dl::cuda {

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

// Which part of the product a block makes: its first row and column in the group, and the places [first, last).
struct ConvolveWeightPart {
  int group, row0, column0, piece;
  long long first, last;
};
template <int rows, int columns, class Thread>
ConvolveWeightPart weight_part_of(const Thread& t, const ConvolveWeight& p) {
  int block = t.block();
  ConvolveWeightPart part;
  part.column0 = p.column_tiles.take(block) * columns;
  part.row0 = p.row_tiles.take(block) * rows;
  part.group = p.groups.take(block);
  part.piece = block;
  part.first = part.piece * p.piece;
  part.last = part.first + p.piece < p.places ? part.first + p.piece : p.places;
  return part;
}

// What a thread fetches of each slab of dy: of several places the same columns. Copies take every `apart`-th place,
// single numbers neighbouring ones.
template <class Tile, int rows, bool vectors>
class WeightSlabOfDy {
  using T = typename Tile::T;
  static constexpr int across = vectors ? rows / Tile::chunk : rows, apart = Tile::threads / across;
  static constexpr int each = Tile::depth / apart, step = vectors ? apart : 1;

 public:
  template <class Thread>
  WeightSlabOfDy(const Thread& t, const ConvolveWeight& p, const ConvolveWeightPart& part)
      : dy_(static_cast<const T*>(p.dy) + part.group * p.width),
        outs_(p.outs),
        column_(t.index() % across * (vectors ? Tile::chunk : 1)),
        first_(t.index() / across * (vectors ? 1 : each)),
        row0_(part.row0),
        inside_(part.row0 + column_ < p.width),
        place_(part.first + first_),
        last_(part.last) {}

  // The next slab's, to rows of the slab that lie Tile::across_a apart.
  template <class Thread, class Slab>
  void fetch(const Thread& t, const Slab& slab) {
    for (int i = 0; i < each; ++i) {
      const int k = first_ + i * step;
      const long long at_place = place_ + i * step;
      const bool inside = inside_ && at_place < last_;
      const T* from = dy_ + (inside ? at_place * outs_ + row0_ + column_ : 0);
      if constexpr (vectors) {
        t.copy_16(slab + (k * Tile::across_a + column_), from, inside ? 16 : 0);
      } else {
        slab[k * Tile::across_a + column_] = inside ? *from : T{};
      }
    }
    place_ += Tile::depth;
  }

 private:
  const T* dy_;
  int outs_, column_, first_, row0_;
  bool inside_;
  long long place_, last_;
};

// The same of x: at several places one tap and its channels.
template <class Tile, int columns, bool vectors>
class WeightSlabOfX {
  using T = typename Tile::T;
  static constexpr int across = vectors ? columns / Tile::chunk : columns, apart = Tile::threads / across;
  static constexpr int each = Tile::depth / apart, step = vectors ? apart : 1;

 public:
  template <class Thread>
  WeightSlabOfX(const Thread& t, const ConvolveWeight& p, const ConvolveWeightPart& part, int all_columns)
      : p_(p),
        x_(static_cast<const T*>(p.x) + part.group * p.depth),
        column_(t.index() % across * (vectors ? Tile::chunk : 1)),
        first_(t.index() / across * (vectors ? 1 : each)),
        inside_(part.column0 + column_ < all_columns),
        place_(part.first + first_),
        last_(part.last),
        at_(counter(place_)),
        next_(counter(step)),
        skip_(counter(Tile::depth - each * step)) {
    const WindowCounter tap = counter_of(inside_ ? part.column0 + column_ : 0, p.depth, p.axis[2].size, p.axis[1].size);
    channel_ = tap.at[0];
    for (int a = 0; a < 3; ++a) reach_[a] = tap.at[3 - a] * p.axis[a].dilation - p.axis[a].pad;
  }

  // The next slab's, to rows of the slab that lie Tile::across_b apart.
  template <class Thread, class Slab>
  void fetch(const Thread& t, const Slab& slab) {
    const int s0 = p_.axis[0].source, s1 = p_.axis[1].source, s2 = p_.axis[2].source;
    for (int i = 0; i < each; ++i) {
      const int k = first_ + i * step;
      const int p0 = at_.at[2] * p_.axis[0].stride + reach_[0], p1 = at_.at[1] * p_.axis[1].stride + reach_[1],
                p2 = at_.at[0] * p_.axis[2].stride + reach_[2];
      const bool inside =
          inside_ && place_ + i * step < last_ && lies_within(p0, s0) && lies_within(p1, s1) && lies_within(p2, s2);
      const long long number = ((static_cast<long long>(at_.at[3]) * s0 + p0) * s1 + p1) * s2 + p2;
      const T* from = x_ + (inside ? number * p_.channels + channel_ : 0);
      if constexpr (vectors) {
        t.copy_16(slab + (k * Tile::across_b + column_), from, inside ? 16 : 0);
      } else {
        slab[k * Tile::across_b + column_] = inside ? *from : T{};
      }
      advance(next_);
    }
    place_ += Tile::depth;
    advance(skip_);
  }

 private:
  WindowCounter counter(long long place) const {
    return counter_of(place, p_.axis[2].made, p_.axis[1].made, p_.axis[0].made);
  }
  void advance(const WindowCounter& by) { at_.add(by, p_.axis[2].made, p_.axis[1].made, p_.axis[0].made); }

  const ConvolveWeight& p_;
  const T* x_;
  int column_, first_;
  bool inside_;
  long long place_, last_;
  WindowCounter at_, next_, skip_;  // at_: of place_; the last digit is the image
  int channel_, reach_[3];
};

// vectors_dy, vectors_x: 16 bytes of a place's channels at a time; width and outs, depth and channels are multiples of
// as many.
template <ConvolutionMath math, int rows, int columns, bool vectors_dy, bool vectors_x, class Thread>
void convolve_weight(const Thread& t, const ConvolveWeight& p) {
  using Tile = ConvolutionTile<math, rows, columns>;
  using T = typename Tile::T;
  constexpr int stage = Tile::depth * (Tile::across_a + Tile::across_b), stage_b = Tile::depth * Tile::across_a;
  const auto slabs = t.template shared<T>();
  const ConvolveWeightPart part = weight_part_of<rows, columns>(t, p);
  const int all_columns = p.axis[0].size * p.axis[1].size * p.axis[2].size * p.depth;

  WeightSlabOfDy<Tile, rows, vectors_dy> dy(t, p, part);
  WeightSlabOfX<Tile, columns, vectors_x> x(t, p, part, all_columns);
  const auto begin = [&](int stage_at) {
    dy.fetch(t, slabs + stage_at * stage);
    x.fetch(t, slabs + (stage_at * stage + stage_b));
  };
  const int steps = static_cast<int>((part.last - part.first + Tile::depth - 1) / Tile::depth);
  ConvolutionSums<math, rows, columns> sums;
  convolution_slabs<Tile::stages>(t, steps, begin, [&](int stage_at) {
    sums.add_across(t, slabs + stage_at * stage, slabs + (stage_at * stage + stage_b));
  });

  const long long first_row = static_cast<long long>(part.piece) * p.outs + part.group * p.width + part.row0;
  float* made = p.sums + first_row * all_columns + part.column0;
  const int rows_left = p.width - part.row0, left = all_columns - part.column0;
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

}  // namespace dl::cuda
