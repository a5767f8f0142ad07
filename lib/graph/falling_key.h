// Whole numbers that sort places as they are to be ranked.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bit>
#include <cstdint>

namespace dl {

// Sorts by falling value, then by the place, below 2^32; the latter is its lower half. NaN stand at the ends.
inline uint64_t falling_key(float value, int64_t place) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rising = bits >> 31 ? ~bits : bits | 0x80000000u;
  return uint64_t{~rising} << 32 | static_cast<uint32_t>(place);
}

}  // namespace dl
