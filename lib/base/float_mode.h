// The mode in which a thread's processor calculates with floats.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace dl {

// Of the calling thread, to be set as it was read. Always 0 on processors that are not known here.
inline uint32_t float_mode() {
#if defined(__SSE2__)
  return _mm_getcsr();
#elif defined(__aarch64__)
  uint64_t mode = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return static_cast<uint32_t>(mode);
#else
  return 0;
#endif
}
inline void set_float_mode([[maybe_unused]] uint32_t mode) {
#if defined(__SSE2__)
  _mm_setcsr(mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(uint64_t{mode}));
#endif
}

// While it lives, numbers of the calling thread that are smaller than the smallest normal one, 1.2e-38, count as 0 and
// become 0: some processors take a hundred times as long for each of them, and what a network that has learnt its
// samples by heart has as gradients, or their squares, consists of them.
class NoDenormals {
 public:
#if defined(__SSE2__)
  NoDenormals() { set_float_mode(before_ | _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON); }
#elif defined(__aarch64__)
  NoDenormals() { set_float_mode(before_ | (uint32_t{1} << 24)); }
#else
  NoDenormals() = default;
#endif
  ~NoDenormals() { set_float_mode(before_); }
  NoDenormals(const NoDenormals&) = delete;
  NoDenormals& operator=(const NoDenormals&) = delete;

 private:
  const uint32_t before_ = float_mode();
};

}  // namespace dl
