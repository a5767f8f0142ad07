// Blocks made from indices, random numbers, other element types and one number a row.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/bf16.h"
#include "lib/device/cpu/simd/loop.h"
#include "lib/device/cpu/simd/vec.h"
#if defined(__SSE2__) && !defined(__AVX2__)
#include <emmintrin.h>
#endif

namespace dl::DL_ISA {

namespace {

typedef uint64_t vq __attribute__((vector_size(DL_LANES * 4)));
typedef int32_t half_int __attribute__((vector_size(DL_LANES * 2)));
typedef float half_float __attribute__((vector_size(DL_LANES * 2)));
typedef float half_memory __attribute__((vector_size(DL_LANES * 2), aligned(4), may_alias));

// Products of the low 32 bits of each lane.
DL_INLINE vq multiply_low(vq a, vq b) {
#if defined(__AVX512F__)
  return reinterpret_cast<vq>(_mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<vq>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<vq>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xffffffff) * (b & 0xffffffff);
#endif
}

// Elements [64 g, 64 g + 64) of a stream at a step. Lanes hold one word of one counter in their low half; what is in
// the high half is of no account.
DL_INLINE void random_group(float* to, uint64_t key, uint64_t step, uint64_t g) {
  constexpr int counters = lanes / 2;
  const vq m0 = vq{} + 0xD2511F53u, m1 = vq{} + 0xCD9E8D57u;
  for (int first = 0; first < 16; first += counters) {
    vq c[4] = {vq{} + (g * 16 + static_cast<uint64_t>(first)), vq{} + (g >> 28), vq{} + step, vq{} + (step >> 32)};
    for (int i = 0; i < counters; ++i) c[0][i] += static_cast<uint64_t>(i);
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      const vq p0 = multiply_low(c[0], m0), p1 = multiply_low(c[2], m1);
      c[0] = (p1 >> 32) ^ c[1] ^ (vq{} + k0);
      c[1] = p1;
      c[2] = (p0 >> 32) ^ c[3] ^ (vq{} + k1);
      c[3] = p0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    for (int word = 0; word < 4; ++word) {
      const vq bits = (c[word] & 0xffffffff) >> 8;
      const half_float y = __builtin_convertvector(__builtin_convertvector(bits, half_int), half_float) * 0x1p-24f;
      *reinterpret_cast<half_memory*>(to + word * 16 + first) = y;
    }
  }
}

void random(float* to, uint64_t key, uint64_t step, int64_t first, int64_t n) {
  const int64_t end = first + n;
  for (int64_t g = first / 64; g * 64 < end; ++g) {
    const int64_t begin = g * 64 < first ? first : g * 64, stop = g * 64 + 64 > end ? end : g * 64 + 64;
    if (stop - begin == 64) {
      random_group(to + (begin - first), key, step, static_cast<uint64_t>(g));
      continue;
    }
    float group[64];
    random_group(group, key, step, static_cast<uint64_t>(g));
    for (int64_t i = begin; i < stop; ++i) to[i - first] = group[i - g * 64];
  }
}

template <class T>
void convert(float* to, const T* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<float>(from[i]);
}

void from_bf16(float* to, const uint16_t* from, int64_t n) {
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) store(to + i, load_bf16(from + i));
  if (i < n) store_first(to + i, load_bf16_first(from + i, static_cast<int>(n - i)), static_cast<int>(n - i));
}

void to_bf16(uint16_t* to, const float* from, int64_t n) {
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) store_bf16(to + i, load(from + i));
  if (i < n) store_bf16_first(to + i, load_first(from + i, static_cast<int>(n - i)), static_cast<int>(n - i));
}

void iota(float* to, int64_t first, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<float>(first + i);
}

void spread(float* to, const float* row, int64_t rows, int64_t cols) {
  const int64_t end = rows * cols;
  for (int64_t r = 0; r < rows; ++r) {
    const vf x = splat(row[r]);
    // What a vector writes behind its row is written again by the next row.
    for (int64_t i = r * cols; i < (r + 1) * cols; i += lanes) {
      if (i + lanes <= end)
        store(to + i, x);
      else
        store_first(to + i, x, static_cast<int>(end - i));
    }
  }
}

void fetch(const float* from, int64_t n, bool to_write) {
  constexpr int64_t line = 16;
  if (to_write) {
    for (int64_t i = 0; i < n; i += line) __builtin_prefetch(from + i, 1);
  } else {
    for (int64_t i = 0; i < n; i += line) __builtin_prefetch(from + i);
  }
}

}  // namespace

constinit const LoopFills loop_fills = {
    .from_i32 = convert<int32_t>,
    .from_u8 = convert<uint8_t>,
    .from_bf16 = from_bf16,
    .to_bf16 = to_bf16,
    .iota = iota,
    .random = random,
    .spread = spread,
    .fetch = fetch,
};

}  // namespace dl::DL_ISA
