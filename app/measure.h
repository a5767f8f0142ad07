// What the machine can do, measured in well under a second each: the limits that speeds are compared with.
#pragma once
#include <cstdint>

#include "lib/base/thread_team.h"
#include "lib/device/cpu/isa.h"

namespace dl {

// Multiply-adds in registers, GFLOP/s over all threads of the team. The instruction set must be supported here.
double fma_peak_gflops(Isa isa, ThreadTeam& team);

// a[i] = b[i] + s c[i] over arrays far larger than any cache, GB/s read and written over all threads.
double memory_gbps(ThreadTeam& team);

// Products of n × n matrices on the device "cpu" with this many threads, GFLOP/s.
double matmul_gflops(int64_t n, int threads);

// The same by OpenBLAS on one thread; it must be there (Blas::find()).
double openblas_gflops(int64_t n);

}  // namespace dl
