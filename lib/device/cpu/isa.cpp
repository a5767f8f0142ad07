// Which instruction sets this processor has: asked of the compiler's runtime, which also asks whether the operating
// system saves the wide registers.
#include "lib/device/cpu/isa.h"

namespace dl {

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::portable: return "portable";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
  }
  return "";
}

bool supported(Isa isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (isa == Isa::avx512) return avx512;
  if (isa == Isa::avx2) return avx2;
#endif
  return isa == Isa::portable;
}

Isa best_isa() { return supported_isas().back(); }

std::vector<Isa> supported_isas() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (supported(isa)) isas.push_back(isa);
  }
  return isas;
}

std::string_view name_of(Bf16Unit unit) { return unit == Bf16Unit::emulated ? "emulated" : "avx512_bf16"; }

bool supported(Bf16Unit unit) {
#if defined(__x86_64__)
  if (unit == Bf16Unit::avx512_bf16) return supported(Isa::avx512) && __builtin_cpu_supports("avx512bf16");
#endif
  return unit == Bf16Unit::emulated;
}

std::vector<Bf16Unit> supported_bf16_units() {
  std::vector<Bf16Unit> units;
  for (Bf16Unit unit : {Bf16Unit::emulated, Bf16Unit::avx512_bf16}) {
    if (supported(unit)) units.push_back(unit);
  }
  return units;
}

Bf16Unit best_bf16_unit(Isa isa) {
  return isa == Isa::avx512 && supported(Bf16Unit::avx512_bf16) ? Bf16Unit::avx512_bf16 : Bf16Unit::emulated;
}

}  // namespace dl
