// What this machine's cores, caches and memory can do: what kernels choose their blocks by. Measured once, in at most a
// fifth of a second, and kept in the user's folder of caches under the processor and the cores that the process has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/device/cpu/isa.h"

namespace dl {

struct Machine {
  int64_t l1_bytes = 32 << 10, l2_bytes = 512 << 10;  // of a core
  int64_t l3_bytes = 16 << 20;                        // shared by cores; 0: there is none
  // Of one core, by instruction set, 0 where the processor lacks it: multiply-adds of f32 in registers, FLOP/s, and
  // the clock beside them, Hz.
  std::array<double, 3> f32_flops{30e9, 90e9, 0};
  std::array<double, 3> clock_hz{3e9, 3e9, 0};
  double bf16_flops = 0;  // of one core by the unit made for it; 0 where there is none
  // Bytes a second that one core reads and writes.
  double l2_rate = 80e9, l3_rate = 20e9, memory_rate = 15e9;
  double memory_rate_of_all = 25e9;  // of all cores together
  double hand_over_ns = 60;          // of a cache line to the slowest of the other cores and back; 0: there is none

  double flops(Isa isa) const { return f32_flops[static_cast<size_t>(isa)]; }
  double clock(Isa isa) const { return clock_hz[static_cast<size_t>(isa)]; }
};

// Bytes a second that one core reads through the smallest cache, or the memory, that holds so many.
double rate_of(const Machine& machine, int64_t bytes);

// From the cache, or measured and kept there; found once.
const Machine& this_machine();
// What the cache has of this processor; nothing where there is none, it is damaged, or another's.
std::optional<Machine> kept_machine();

// Measured now, and kept.
Machine measure_machine();

// A line for each figure, and back; nothing where a figure is missing or makes no sense.
std::string text_of(const Machine& machine);
std::optional<Machine> machine_of(std::string_view text);

// "AMD EPYC, 2 cores, …; family 25, model 1": what a figure is true for.
std::string processor_key();

}  // namespace dl
