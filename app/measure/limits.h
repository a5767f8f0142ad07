// The machine's measured limits, and which of them bounds a kernel: the roofs of the roofline.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/base/thread_team.h"
#include "lib/device/program.h"
#include "lib/spec/node.h"

namespace dl {

// A memory by its speed; `bytes` is what a kernel may count on to lie there, over all cores that share the work.
struct MemoryLevel {
  std::string name;  // "L2 cache", "L3 cache", "memory"
  double bytes = 0;
  double bytes_per_s = 0;
};

struct MachineLimits {
  double f32_flops = 0;   // per second, multiply-adds of the widest instruction set, over all threads
  double bf16_flops = 0;  // … of bf16 with sums in f32, by the unit that is used; f32_flops where there is none
  std::vector<MemoryLevel> levels;  // from the smallest to the memory, which holds everything
  double hand_over_ns = 0;          // of the slowest pair of threads, as in probes.h

  // The smallest level that holds this many bytes.
  const MemoryLevel& level_of(double bytes) const;
  // "221 GFLOP/s f32, 442 GFLOP/s bf16, 96 GB/s L3 cache, 32 GB/s memory, 53 ns between cores".
  std::string text() const;
};

Node limits_json(
    const MachineLimits& limits);  // {"f32_gflops": …, "bf16_gflops": …, "gbps": {"memory": …}, "hand_over_ns": …}

// The caches of the second and third level, and the memory.
std::vector<MemoryLevel> measure_memory(ThreadTeam& team);

// Measured now, with so many threads together: half a second.
MachineLimits measure_limits(int threads);

// The least time that a kernel could take: its operations at the peak of their type, or its bytes through the
// smallest memory that holds all of them, whichever takes longer.
struct Bound {
  double seconds = 0;
  std::string limit;  // "f32", "bf16", or the memory's name
};
Bound bound_of(const Program::KernelCall& call, const MachineLimits& limits);

// Whether the operations of a call are products of bf16.
bool multiplies_bf16(const Program::KernelCall& call);

}  // namespace dl
