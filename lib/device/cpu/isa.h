// The instruction sets that the CPU's kernels are compiled for, and which of them this processor has.
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

}  // namespace dl
