// A result whose elements lie elsewhere in the operand: permuted or repeated axes. Where the operand's neighbours are
// not the result's, squares of both go through shared memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/divisor.h"
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

// The result, row-major over the dimensions, unit by unit.
struct StridedCopy {
  static constexpr int most = 64;
  static constexpr int threads = 256, units_each = 4;
  static constexpr int block_units = threads * units_each;
  struct Dimension {
    IndexDivisor size;
    long long step;  // bytes in the operand; 0: the same again
  };
  const unsigned char* from;
  unsigned char* to;
  long long units;            // of the result
  int unit;                   // bytes of one: 16, 8, 4, 2 or 1, of which all addresses are multiples
  int element;                // == unit, or bytes that make a unit of 16 when repeated
  int rank;                   // at most `most`
  Dimension dimension[most];  // innermost first
};

// Units [first, first + units_each * threads) in steps of `threads`, of which those that exist come from p.from + at.
template <class From, class U, class Thread>
void copy_strided_units(const Thread& t, const StridedCopy& p, long long first,
                        const long long (&at)[StridedCopy::units_each]) {
  From unit[StridedCopy::units_each];
  for (int k = 0; k < StridedCopy::units_each; ++k)
    if (first + k * StridedCopy::threads < p.units) unit[k] = t.template vector<From>(p.from + at[k]);
  for (int k = 0; k < StridedCopy::units_each; ++k) {
    const long long i = first + k * StridedCopy::threads;
    if (i >= p.units) continue;
    U made;
    if constexpr (sizeof(From) == sizeof(U)) {
      made = unit[k];
    } else {
      for (From& part : made.at) part = unit[k];
    }
    t.put_vector(p.to + i * static_cast<long long>(sizeof(U)), made);
  }
}

template <class Thread>
void copy_strided(const Thread& t, const StridedCopy& p) {
  using Sixteen = Vector<unsigned, 4>;
  using Eight = Vector<unsigned, 2>;
  const long long step = static_cast<long long>(t.blocks()) * StridedCopy::block_units;
  long long first = static_cast<long long>(t.block()) * StridedCopy::block_units + t.index();
  for (; first < p.units; first += step) {
    long long at[StridedCopy::units_each], rest[StridedCopy::units_each];
    for (int k = 0; k < StridedCopy::units_each; ++k) {
      at[k] = 0;
      rest[k] = first + k * StridedCopy::threads;
    }
    for (int d = 0; d < p.rank; ++d) {
      const StridedCopy::Dimension dimension = p.dimension[d];
      for (int k = 0; k < StridedCopy::units_each; ++k) {
        const long long next = quotient(rest[k], dimension.size);
        at[k] += (rest[k] - next * dimension.size.by) * dimension.step;
        rest[k] = next;
      }
    }
    if (p.element != p.unit) {
      switch (p.element) {
        case 4: copy_strided_units<unsigned, Sixteen>(t, p, first, at); break;
        case 2: copy_strided_units<unsigned short, Vector<unsigned short, 8>>(t, p, first, at); break;
        default: copy_strided_units<unsigned char, Vector<unsigned char, 16>>(t, p, first, at);
      }
      continue;
    }
    switch (p.unit) {
      case 16: copy_strided_units<Sixteen, Sixteen>(t, p, first, at); break;
      case 8: copy_strided_units<Eight, Eight>(t, p, first, at); break;
      case 4: copy_strided_units<unsigned, unsigned>(t, p, first, at); break;
      case 2: copy_strided_units<unsigned short, unsigned short>(t, p, first, at); break;
      default: copy_strided_units<unsigned char, unsigned char>(t, p, first, at);
    }
  }
}

// Of the result's dimensions `inner`, whose elements are neighbours there, and `beside`, whose elements are neighbours
// in the operand, a tile of both at a time; a row of a tile is what lies together in the operand. All counts are of
// elements.
struct TransposeTiles {
  static constexpr int most = 62;
  static constexpr int threads = 256;
  static constexpr int tile_bytes = 4096;
  struct Outer {
    IndexDivisor size;
    long long from_step, to_step;
  };
  const unsigned char* from;
  unsigned char* to;
  long long tiles;
  long long inner, from_step;  // how many, and how far apart in the operand
  long long beside, to_step;   // how many, and how far apart in the result
  IndexDivisor inner_tiles, beside_tiles;
  int inner_bits, beside_bits;  // a tile's sizes are powers of two, their product tile_bytes / element
  int pitch;                    // from a row of a tile in shared memory to the next
  int element;                  // bytes: 4, 2 or 1
  int rank;                     // of `outer`
  Outer outer[most];            // innermost first
};

template <class T, class Thread>
void transpose_tiles_of(const Thread& t, const TransposeTiles& p) {
  constexpr int elements = TransposeTiles::tile_bytes / static_cast<int>(sizeof(T));
  const T* const x = reinterpret_cast<const T*>(p.from);
  T* const y = reinterpret_cast<T*>(p.to);
  auto tile = t.template shared<T>();
  for (long long number = t.block(); number < p.tiles; number += t.blocks()) {
    long long rest = quotient(number, p.inner_tiles);
    const long long i0 = (number - rest * p.inner_tiles.by) << p.inner_bits;
    long long next = quotient(rest, p.beside_tiles);
    const long long b0 = (rest - next * p.beside_tiles.by) << p.beside_bits;
    long long from = i0 * p.from_step + b0, to = b0 * p.to_step + i0;
    rest = next;
    for (int d = 0; d < p.rank; ++d) {
      next = quotient(rest, p.outer[d].size);
      const long long at = rest - next * p.outer[d].size.by;
      from += at * p.outer[d].from_step;
      to += at * p.outer[d].to_step;
      rest = next;
    }
    for (int k = 0; k < elements; k += TransposeTiles::threads) {
      const int e = k + t.index(), i = e >> p.beside_bits, b = e & ((1 << p.beside_bits) - 1);
      if (i0 + i < p.inner && b0 + b < p.beside)
        tile[i * p.pitch + b] = t.template vector<T>(x + from + i * p.from_step + b);
    }
    t.sync();
    for (int k = 0; k < elements; k += TransposeTiles::threads) {
      const int e = k + t.index(), b = e >> p.inner_bits, i = e & ((1 << p.inner_bits) - 1);
      if (i0 + i < p.inner && b0 + b < p.beside)
        t.template put_vector<T>(y + to + b * p.to_step + i, tile[i * p.pitch + b]);
    }
    t.sync();
  }
}

template <class Thread>
void transpose_tiles(const Thread& t, const TransposeTiles& p) {
  switch (p.element) {
    case 4: return transpose_tiles_of<unsigned>(t, p);
    case 2: return transpose_tiles_of<unsigned short>(t, p);
    default: return transpose_tiles_of<unsigned char>(t, p);
  }
}

}  // namespace dl::cuda
