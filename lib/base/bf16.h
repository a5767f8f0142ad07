// bfloat16: the upper half of an f32. Its bits travel as uint16_t.
// SPDX-License-Identifier: Apache-2.0
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

// One of the two bf16 around a finite x, away from 0 with the probability with which the mean is x, where `uniform` is
// uniform in [0, 1) (stochastic rounding); what is infinite or NaN stays.
constexpr float dithered_bf16(float x, float uniform) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return x;
  return std::bit_cast<float>((bits + static_cast<uint32_t>(uniform * 0x1p16f)) & 0xffff0000u);
}

}  // namespace dl
