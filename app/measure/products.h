// How fast products of square matrices are here: what doctor tells beside the processor's peak.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace dl {

// Products of n × n matrices on the device "cpu" with this many threads, GFLOP/s.
double matmul_gflops(int64_t n, int threads);

// The same by OpenBLAS on one thread; it must be there (Blas::find()).
double openblas_gflops(int64_t n);

}  // namespace dl
