// Which instruction sets this processor has.
// SPDX-License-Identifier: Apache-2.0
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

std::string_view name_of(Bf16Unit unit) {
  switch (unit) {
    case Bf16Unit::emulated: return "emulated";
    case Bf16Unit::avx512_bf16: return "avx512_bf16";
    case Bf16Unit::amx: return "amx";
  }
  return "";
}

bool supported(Bf16Unit unit) {
  const CpuFeatures& cpu = cpu_features();
  return unit == Bf16Unit::emulated || (cpu.avx512_bf16 && (unit != Bf16Unit::amx || cpu.amx));
}

std::vector<Bf16Unit> supported_bf16_units() {
  std::vector<Bf16Unit> units;
  for (Bf16Unit unit : {Bf16Unit::emulated, Bf16Unit::avx512_bf16, Bf16Unit::amx}) {
    if (supported(unit)) units.push_back(unit);
  }
  return units;
}

Bf16Unit best_bf16_unit(Isa isa) {
  if (isa != Isa::avx512) return Bf16Unit::emulated;
  // Intel's cores make half as many multiply-adds by vdpbf16ps as in f32 (Emerald Rapids: 86 GFLOP/s beside 179),
  // AMD's twice as many.
  const bool dot_products_gain = cpu_features().vendor != "GenuineIntel";
  const Bf16Unit unit = supported_bf16_units().back();
  return unit == Bf16Unit::avx512_bf16 && !dot_products_gain ? Bf16Unit::emulated : unit;
}

}  // namespace dl
