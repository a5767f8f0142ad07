// Which instruction sets this processor has.
#include "lib/device/cpu/isa.h"

#include "lib/base/cpu.h"

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
  const CpuFeatures& cpu = cpu_features();
  return isa == Isa::avx512 ? cpu.avx512 : isa == Isa::avx2 ? cpu.avx2 : true;
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

bool supported(Bf16Unit unit) { return unit == Bf16Unit::emulated || cpu_features().avx512_bf16; }

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
