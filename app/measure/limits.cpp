// Measuring the limits and comparing kernels with them.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/limits.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/console/json.h"
#include "app/console/text.h"
#include "lib/base/cpu.h"
#include "lib/device/cpu/probes.h"

namespace dl {

std::string limits_text(const DeviceLimits& limits) {
  std::string text = concat(rate(limits.f32_flops, "FLOP/s"), " f32, ", rate(limits.bf16_flops, "FLOP/s"), " bf16");
  for (const MemoryLevel& level : limits.levels) text += concat(", ", rate(level.bytes_per_s, "B/s "), level.name);
  if (limits.hand_over_ns > 0) text += concat(", ", std::lround(limits.hand_over_ns), " ns between cores");
  return text;
}

Node limits_json(const DeviceLimits& limits) {
  Node levels = Node::map();
  for (const MemoryLevel& level : limits.levels) levels.set(level.name, Node::number(1e-9 * level.bytes_per_s));
  return json_object({{"f32_gflops", Node::number(1e-9 * limits.f32_flops)},
                      {"bf16_gflops", Node::number(1e-9 * limits.bf16_flops)},
                      {"gbps", std::move(levels)},
                      {"hand_over_ns", Node::number(limits.hand_over_ns)}});
}

std::vector<MemoryLevel> measure_memory(ThreadTeam& team) {
  std::vector<MemoryLevel> levels;
  const auto add = [&](const char* name, double bytes, double measured_bytes) {
    if (levels.empty() ? bytes > 0 : bytes > levels.back().bytes)
      levels.push_back({name, bytes, 1e9 * memory_gbps(team, static_cast<int64_t>(measured_bytes))});
  };
  const double l2 = static_cast<double>(cpu_features().l2_bytes) * team.size(),
               l3 = static_cast<double>(cpu_features().l3_bytes);
  // Half of a cache counts: the other half is other tensors', and of the last level other programs'.
  add("L2 cache", l2 / 2, l2 / 2);
  add("L3 cache", l3 / 2, std::max(l3 / 8, 2 * l2));
  add("memory", std::numeric_limits<double>::infinity(), beyond_caches);
  return levels;
}

DeviceLimits measure_limits(Device& device, int threads) {
  if (auto own = device.measure_limits()) return *std::move(own);
  ThreadTeam team(threads);
  const double f32 = 1e9 * fma_peak_gflops(best_isa(), team),
               bf16 = 1e9 * bf16_peak_gflops(best_bf16_unit(best_isa()), team);
  return {.f32_flops = f32,
          .bf16_flops = std::max(f32, bf16),
          .levels = measure_memory(team),
          .hand_over_ns = hand_over_ns(team)};
}

bool multiplies_bf16(const Program::KernelCall& call) {
  return call.op != "loop" && !call.inputs.empty() && call.inputs[0].dtype == DType::bf16;
}

Bound bound_of(const Program::KernelCall& call, const DeviceLimits& limits) {
  const bool bf16 = multiplies_bf16(call);
  const MemoryLevel& level = limits.level_of(call.cost.bytes);
  const double calculating = (call.cost.flops - call.loop_flops) / (bf16 ? limits.bf16_flops : limits.f32_flops) +
                             call.loop_flops / limits.f32_flops,
               moving = call.cost.bytes / level.bytes_per_s;
  if (calculating >= moving) return {calculating, bf16 ? "bf16" : "f32"};
  return {moving, level.name};
}

}  // namespace dl
