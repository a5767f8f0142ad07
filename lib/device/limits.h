// What a device can do at most: the roofs of the roofline.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <string>
#include <vector>

namespace dl {

// A memory by its speed; `bytes` is what a kernel may count on to lie there, over all that share the work.
struct MemoryLevel {
  std::string name;  // "L2 cache", "L3 cache", "memory"
  double bytes = 0;
  double bytes_per_s = 0;
};

struct DeviceLimits {
  double f32_flops = 0;   // per second, of multiply-adds
  double bf16_flops = 0;  // … of bf16 with sums in f32, by the unit that is used; f32_flops where there is none
  std::vector<MemoryLevel> levels;  // from the smallest to the memory, which holds everything
  double hand_over_ns = 0;          // of the slowest pair of threads of a processor, as in probes.h; 0: there is none

  // The smallest level that holds this many bytes.
  const MemoryLevel& level_of(double bytes) const {
    return *std::find_if(levels.begin(), levels.end() - 1,
                         [&](const MemoryLevel& level) { return bytes <= level.bytes; });
  }
};

}  // namespace dl
