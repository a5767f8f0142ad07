// A loop compiled for AVX2 too and run so where the processor has it, with the same numbers: no fused multiply-adds.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/base/cpu.h"

// Before the body of a lambda given to vectorized(), and of functions that it calls.
#define DL_INLINED __attribute__((always_inline))

namespace dl {

#if defined(__x86_64__)
template <class Work>
[[gnu::target("avx2")]] void run_with_avx2(const Work& work) {
  work();
}
#endif

// vectorized([&]() DL_INLINED { for (…) … });
template <class Work>
void vectorized(const Work& work) {
#if defined(__x86_64__)
  if (cpu_features().avx2) return run_with_avx2(work);
#endif
  work();
}

}  // namespace dl
