// SIMD vectors for sources that are compiled once for each instruction set (lib/device/cpu/simd.cmake): DL_LANES floats
// wide, in namespace dl::DL_ISA, so that no copy made for one processor is ever linked into the code for another.
// Arithmetic is written with the operators of GCC's vector extensions; a * b + c becomes one fused multiply-add where
// the instruction set has it. Comparisons give lanes of -1 (true) and 0.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace dl::DL_ISA {

constexpr int lanes = DL_LANES;

typedef float vf __attribute__((vector_size(DL_LANES * 4)));
typedef int32_t vi __attribute__((vector_size(DL_LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(DL_LANES * 4)));
typedef float vf_memory __attribute__((vector_size(DL_LANES * 4), aligned(4), may_alias));
typedef int32_t vi_memory __attribute__((vector_size(DL_LANES * 4), aligned(4), may_alias));

#define DL_INLINE inline __attribute__((always_inline))

DL_INLINE vf splat(float x) { return x - vf{}; }
DL_INLINE vi splat_int(int32_t x) { return x - vi{}; }
DL_INLINE vi lane_index() {
  vi index{};
  for (int i = 0; i < lanes; ++i) index[i] = i;
  return index;
}

// Unaligned memory.
DL_INLINE vf load(const float* p) { return *reinterpret_cast<const vf_memory*>(p); }
DL_INLINE void store(float* p, vf x) { *reinterpret_cast<vf_memory*>(p) = x; }
DL_INLINE vi load_int(const int32_t* p) { return *reinterpret_cast<const vi_memory*>(p); }
DL_INLINE void store_int(int32_t* p, vi x) { *reinterpret_cast<vi_memory*>(p) = x; }

// The first n lanes, 0 <= n <= lanes; the others are neither read (they become 0) nor written.
#if defined(__AVX512F__)
DL_INLINE __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
DL_INLINE vf load_first(const float* p, int n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
DL_INLINE void store_first(float* p, vf x, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), x); }
DL_INLINE vi load_int_first(const int32_t* p, int n) {
  return reinterpret_cast<vi>(_mm512_maskz_loadu_epi32(first_lanes(n), p));
}
DL_INLINE void store_int_first(int32_t* p, vi x, int n) {
  _mm512_mask_storeu_epi32(p, first_lanes(n), reinterpret_cast<__m512i>(x));
}
#elif defined(__AVX2__)
DL_INLINE __m256i first_lanes(int n) { return reinterpret_cast<__m256i>(lane_index() < n); }
DL_INLINE vf load_first(const float* p, int n) { return _mm256_maskload_ps(p, first_lanes(n)); }
DL_INLINE void store_first(float* p, vf x, int n) { _mm256_maskstore_ps(p, first_lanes(n), x); }
DL_INLINE vi load_int_first(const int32_t* p, int n) {
  return reinterpret_cast<vi>(_mm256_maskload_epi32(p, first_lanes(n)));
}
DL_INLINE void store_int_first(int32_t* p, vi x, int n) {
  _mm256_maskstore_epi32(p, first_lanes(n), reinterpret_cast<__m256i>(x));
}
#else
DL_INLINE vf load_first(const float* p, int n) {
  vf x{};
  for (int i = 0; i < n; ++i) x[i] = p[i];
  return x;
}
DL_INLINE void store_first(float* p, vf x, int n) {
  for (int i = 0; i < n; ++i) p[i] = x[i];
}
DL_INLINE vi load_int_first(const int32_t* p, int n) {
  vi x{};
  for (int i = 0; i < n; ++i) x[i] = p[i];
  return x;
}
DL_INLINE void store_int_first(int32_t* p, vi x, int n) {
  for (int i = 0; i < n; ++i) p[i] = x[i];
}
#endif

// All lanes where n is their number, else the first n.
DL_INLINE vf load_some(const float* p, int n) { return n == lanes ? load(p) : load_first(p, n); }
DL_INLINE void store_some(float* p, vf x, int n) { n == lanes ? store(p, x) : store_first(p, x, n); }

// f(i, count) for each vector of n elements.
template <class F>
DL_INLINE void each_vector(int64_t n, F f) {
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) f(i, lanes);
  if (i < n) f(i, static_cast<int>(n - i));
}

// yes where the lane of `mask` is -1, no where it is 0.
DL_INLINE vf select(vi mask, vf yes, vf no) { return mask ? yes : no; }
DL_INLINE vi select_int(vi mask, vi yes, vi no) { return mask ? yes : no; }
DL_INLINE vf as_float(vi x) { return reinterpret_cast<vf>(x); }
DL_INLINE vi as_int(vf x) { return reinterpret_cast<vi>(x); }
DL_INLINE vf to_float(vi x) { return __builtin_convertvector(x, vf); }
DL_INLINE vi to_int(vf x) { return __builtin_convertvector(x, vi); }  // towards zero

// The lanes joined by f(a, b), in a fixed order: halves onto each other.
template <class F>
DL_INLINE float join_lanes(vf x, F f) {
#pragma GCC unroll 4
  for (int half = lanes / 2; half > 0; half /= 2) x = f(x, __builtin_shuffle(x, lane_index() ^ half));
  return x[0];
}

DL_INLINE float lane_sum(vf x) {
  return join_lanes(
      x, [](vf a, vf b) __attribute__((always_inline)) { return a + b; });
}

}  // namespace dl::DL_ISA
