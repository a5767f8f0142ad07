// A loop compiled for AVX2 too and run so where the processor has it, with the same numbers: no fused multiply-adds.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/base/cpu.h"

// Before the body of a lambda given to vectorized(), and of functions that it calls.
#define DL_INLINED __attribute__((always_inline))

namespace dl {

// The lambda is copied, so that the compiler sees that no byte written changes what was captured by value.
#if defined(__x86_64__)
template <class Work>
[[gnu::target("avx2")]] void run_with_avx2(Work work) {
  work();
}
#endif

// vectorized([=]() DL_INLINED { for (…) … });
template <class Work>
void vectorized(Work work) {
#if defined(__x86_64__)
  if (cpu_features().avx2) return run_with_avx2(work);
#endif
  work();
}

}  // namespace dl
