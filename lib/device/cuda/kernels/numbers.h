// Numbers as kernels load and store them: f32, bf16, whole numbers, several at once. The same text for NVRTC and, in
// the tests, for the processor. Device headers include nothing but each other, as NVRTC has no standard ones.
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Before a loop that is to be written out whole, however long.
#ifdef __CUDACC_RTC__
#define DL_UNROLL _Pragma("unroll")
#else
#define DL_UNROLL
#endif

namespace dl::cuda {

// Aligned to its size, which is a power of two of at most 16 bytes: one access of memory.
template <class T, int n>
struct alignas(sizeof(T) * n) Vector {
  T at[n];
};

inline unsigned bits_of(float x) { return __builtin_bit_cast(unsigned, x); }
inline float float_of(unsigned bits) { return __builtin_bit_cast(float, bits); }
inline bool is_nan(float x) { return (bits_of(x) & 0x7fffffffu) > 0x7f800000u; }

// lib/base/bf16.h, bit for bit.
struct Bf16 {
  unsigned short bits;
};
inline Bf16 bf16_of(float x) {
  const unsigned b = bits_of(x);
  if (is_nan(x)) return {static_cast<unsigned short>((b >> 16) | 0x40u)};
  return {static_cast<unsigned short>((b + 0x7fffu + ((b >> 16) & 1u)) >> 16)};
}
inline float to_float(Bf16 x) { return float_of(static_cast<unsigned>(x.bits) << 16); }
inline float to_float(float x) { return x; }
inline float to_float(int x) { return static_cast<float>(x); }
inline float to_float(unsigned char x) { return static_cast<float>(x); }

// x as a T: f32 as it is, bf16 the nearest.
template <class T>
T number(float x) {
  if constexpr (sizeof(T) == 2) {
    return bf16_of(x);
  } else {
    return static_cast<T>(x);
  }
}

// Two bf16 in a register, the first in the lower half.
inline unsigned bf16_pair(float low, float high) {
  return static_cast<unsigned>(bf16_of(low).bits) | static_cast<unsigned>(bf16_of(high).bits) << 16;
}

// A fault, as lib/device/device.h has it.
struct FaultWord {
  int found, number;
};

}  // namespace dl::cuda
