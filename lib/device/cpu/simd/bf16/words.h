// Pairs of bf16 that are neighbours along the depth of a product, one to a 32-bit lane: what products in bf16 are made
// of.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/bf16.h"
#include "lib/device/cpu/simd/pack.h"

namespace dl::DL_ISA {

typedef uint32_t one_word __attribute__((aligned(2), may_alias));
typedef float words_memory __attribute__((vector_size(DL_LANES * 4), aligned(2), may_alias));

// Vectors of words as they travel: the bits of a vf.
DL_INLINE vf load_words(const uint16_t* p) { return *reinterpret_cast<const words_memory*>(p); }
DL_INLINE void store_words(uint16_t* p, vf x) { *reinterpret_cast<words_memory*>(p) = x; }
DL_INLINE vf splat_word(uint32_t word) { return reinterpret_cast<vf>(word - vu{}); }
DL_INLINE uint32_t load_word(const uint16_t* p) { return *reinterpret_cast<const one_word*>(p); }

// sum + the products of both halves of each lane.
DL_INLINE vf add_dot(vf sum, vf a, vf b) {
#if defined(__AVX512BF16__)
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
#else
  const vu x = reinterpret_cast<vu>(a), y = reinterpret_cast<vu>(b);
  sum += reinterpret_cast<vf>(x << 16) * reinterpret_cast<vf>(y << 16);
  return sum + reinterpret_cast<vf>(x & 0xffff0000u) * reinterpret_cast<vf>(y & 0xffff0000u);
#endif
}

DL_INLINE vu load_halves(const uint16_t* p, int n) {
  if (n == lanes) return __builtin_convertvector(*reinterpret_cast<const vh_memory*>(p), vu);
  vu bits{};
  for (int i = 0; i < n; ++i) bits[i] = p[i];
  return bits;
}

// Lane i: the pair of a[i] and b[i]; 0 from n on.
DL_INLINE vf pair_of(const uint16_t* a, const uint16_t* b, int n) {
  return reinterpret_cast<vf>(load_halves(a, n) | load_halves(b, n) << 16);
}

// n <= lanes neighbouring columns of a matrix whose rows are `row` apart: its rows d and d + 1 become one vector of
// words, put(d / 2, vector). An odd last row is paired with zeros; lanes from n on are 0.
template <class Put>
DL_INLINE void pair_rows(const uint16_t* from, int64_t row, int n, int64_t rows, Put put) {
  int64_t d = 0;
  for (; d + 2 <= rows; d += 2, from += 2 * row) {
    put(d / 2, pair_of(from, from + row, n));
  }
  if (d < rows) put(d / 2, reinterpret_cast<vf>(load_halves(from, n)));
}

// n <= lanes columns that lie `column` apart, each with its `depth` elements side by side: words as above.
template <class Put>
DL_INLINE void pair_columns(const uint16_t* from, int64_t column, int n, int64_t depth, Put put) {
  const int64_t pairs = depth / 2;
  for (int64_t p = 0; p < pairs; p += lanes) {
    const int count = pairs - p < lanes ? static_cast<int>(pairs - p) : lanes;
    vf x[lanes] = {};
    if (n == lanes && count == lanes) {  // in registers
#pragma GCC unroll 16
      for (int c = 0; c < lanes; ++c) x[c] = load_words(from + c * column + 2 * p);
      transpose_lanes(x);
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) put(p + i, x[i]);
      continue;
    }
    for (int c = 0; c < n; ++c) {
      const uint16_t* at = from + c * column + 2 * p;
      if (count == lanes) {
        x[c] = load_words(at);
      } else {
        vu words{};
        for (int i = 0; i < count; ++i) words[i] = load_word(at + 2 * i);
        x[c] = reinterpret_cast<vf>(words);
      }
    }
    transpose_lanes(x);
    for (int i = 0; i < count; ++i) put(p + i, x[i]);
  }
  if (depth % 2 != 0) {
    vu last{};
    for (int c = 0; c < n; ++c) last[c] = from[c * column + depth - 1];
    put(pairs, reinterpret_cast<vf>(last));
  }
}

}  // namespace dl::DL_ISA
