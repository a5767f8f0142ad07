// The instruction sets that the CPU's kernels are compiled for, and which of them this processor has.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>
#include <vector>

#include "lib/device/cpu/simd/table.h"

namespace dl {

enum class Isa { portable, avx2, avx512 };

std::string_view name_of(Isa isa);
bool supported(Isa isa);            // by the processor and the operating system
Isa best_isa();                     // the widest that is supported
std::vector<Isa> supported_isas();  // from portable to the widest; the tests run each

// What multiplies bf16: the instruction set's own arithmetic in f32, or a unit made for it.
enum class Bf16Unit { emulated, avx512_bf16, amx };

std::string_view name_of(Bf16Unit unit);
bool supported(Bf16Unit unit);
std::vector<Bf16Unit> supported_bf16_units();  // the tests run each
Bf16Unit best_bf16_unit(Isa isa);              // the fastest that is supported and goes with the instruction set

}  // namespace dl
