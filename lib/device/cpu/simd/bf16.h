// Vectors of bf16.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {

typedef uint16_t vh __attribute__((vector_size(DL_LANES * 2)));
typedef uint16_t vh_memory __attribute__((vector_size(DL_LANES * 2), aligned(2), may_alias));

// The nearest bf16 of each lane, ties to even, in the lane's low half: bf16_of_float() of lib/base/bf16.h. In integers,
// because the processor's own conversion takes denormals for 0.
DL_INLINE vu bf16_bits(vf x) {
  const vu bits = reinterpret_cast<vu>(x), rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const vi is_nan = x != x;
  return is_nan ? (bits >> 16) | 0x40 : rounded;
}

// x to a neighbouring bf16: dithered_bf16() of lib/base/bf16.h.
DL_INLINE vf dithered_bf16(vf x, vf uniform) {
  const vu bits = reinterpret_cast<vu>(x), noise = reinterpret_cast<vu>(__builtin_convertvector(uniform * 0x1p16f, vi));
  const vi is_nan = x != x;
  return as_float(reinterpret_cast<vi>(is_nan ? bits : (bits + noise) & 0xffff0000u));
}

DL_INLINE vf load_bf16(const uint16_t* p) {
  const vh bits = *reinterpret_cast<const vh_memory*>(p);
  return reinterpret_cast<vf>(__builtin_convertvector(bits, vu) << 16);
}
DL_INLINE void store_bf16(uint16_t* p, vf x) {
  *reinterpret_cast<vh_memory*>(p) = __builtin_convertvector(bf16_bits(x), vh);
}

// The first n lanes, as load_first and store_first.
DL_INLINE vf load_bf16_first(const uint16_t* p, int n) {
  vu bits{};
  for (int i = 0; i < n; ++i) bits[i] = p[i];
  return reinterpret_cast<vf>(bits << 16);
}
DL_INLINE void store_bf16_first(uint16_t* p, vf x, int n) {
  const vu bits = bf16_bits(x);
  for (int i = 0; i < n; ++i) p[i] = static_cast<uint16_t>(bits[i]);
}
DL_INLINE vf load_some(const uint16_t* p, int n) { return n == lanes ? load_bf16(p) : load_bf16_first(p, n); }
DL_INLINE void store_some(uint16_t* p, vf x, int n) { n == lanes ? store_bf16(p, x) : store_bf16_first(p, x, n); }

}  // namespace dl::DL_ISA
