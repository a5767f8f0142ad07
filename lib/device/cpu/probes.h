// What the machine can do, measured in well under a second each: the limits that speeds are compared with. More tries
// find the best more surely where other programs run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/base/thread_team.h"
#include "lib/device/cpu/isa.h"

namespace dl {

// Multiply-adds in registers, GFLOP/s over all threads of the team. The instruction set must be supported here.
double fma_peak_gflops(Isa isa, ThreadTeam& team, int tries = 8);

// The same of bf16 with sums in f32, by a unit that is supported here; 0 for the emulation, which is not one.
double bf16_peak_gflops(Bf16Unit unit, ThreadTeam& team, int tries = 8);

// Cycles a nanosecond of the calling thread's core while it multiplies and adds vectors of the instruction set: wide
// vectors lower the clock of some processors. 0 where there is no way to count them.
double clock_ghz(Isa isa, int tries = 8);

// a[i] = b[i] + s c[i] over arrays of together `bytes` bytes, an equal part to each thread, GB/s read and written over
// all threads: the bandwidth of the smallest memory that holds them.
constexpr int64_t beyond_caches = 192 << 20;
double memory_gbps(ThreadTeam& team, int64_t bytes = beyond_caches, int tries = 5);

// How long a cache line takes from one thread to another and back, ns: the slowest of the pairs with the first thread,
// or of so many of them. Cores of one cache take tens of ns, those of different caches or sockets several hundred. 0
// for one thread.
double hand_over_ns(ThreadTeam& team, int most_pairs = 1 << 20, int tries = 5);

}  // namespace dl
