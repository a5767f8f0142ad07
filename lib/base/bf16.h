// bfloat16: the upper half of an f32. Its bits travel as uint16_t.
#pragma once
#include <bit>
#include <cstdint>

namespace dl {

constexpr float float_of_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

// To the nearest, ties to even; NaN stays NaN, what lies beyond the largest becomes infinite, denormals stay.
constexpr uint16_t bf16_of_float(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace dl
