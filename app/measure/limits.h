// The machine's measured limits, and which of them bounds a kernel: the roofs of the roofline.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/base/thread_team.h"
#include "lib/device/limits.h"
#include "lib/device/program.h"
#include "lib/spec/node.h"

namespace dl {

// "221 GFLOP/s f32, 442 GFLOP/s bf16, 96 GB/s L3 cache, 32 GB/s memory, 53 ns between cores".
std::string limits_text(const DeviceLimits& limits);
Node limits_json(
    const DeviceLimits& limits);  // {"f32_gflops": …, "bf16_gflops": …, "gbps": {"memory": …}, "hand_over_ns": …}

// The caches of the second and third level, and the memory.
std::vector<MemoryLevel> measure_memory(ThreadTeam& team);

// Measured now, with so many threads together where the device is the host's: half a second.
DeviceLimits measure_limits(Device& device, int threads);

// The least time that a kernel could take: its operations at the peak of their type, or its bytes through the
// smallest memory that holds all of them, whichever takes longer.
struct Bound {
  double seconds = 0;
  std::string limit;  // "f32", "bf16", or the memory's name
};
Bound bound_of(const Program::KernelCall& call, const DeviceLimits& limits);

// Whether the operations of a call are products of bf16.
bool multiplies_bf16(const Program::KernelCall& call);

}  // namespace dl
