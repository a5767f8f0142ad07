// Half precision (IEEE 754 binary16) read as f32, which holds every value of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bit>
#include <cstdint>

namespace dl {

inline float f16_value(uint16_t bits) {
  const float sign = (bits & 0x8000u) != 0 ? -1.0f : 1.0f;
  const uint32_t exponent = (bits >> 10) & 31u, fraction = bits & 1023u;
  if (exponent == 0) return sign * static_cast<float>(fraction) * 0x1p-24f;
  const uint32_t wide = (uint32_t{bits & 0x8000u} << 16) | (fraction << 13);
  return std::bit_cast<float>(wide | (exponent == 31 ? 0x7F800000u : (exponent + 112) << 23));
}

}  // namespace dl
