// Files in the format of MNIST, for tests of what reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace dl::testing {

inline std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

// The values are as given, whatever the sizes say.
inline std::string idx(const std::vector<uint32_t>& sizes, const std::string& values, int type = 8, int rank = -1) {
  std::string out{'\0', '\0', static_cast<char>(type),
                  static_cast<char>(rank < 0 ? static_cast<int>(sizes.size()) : rank)};
  for (uint32_t size : sizes) out += big_endian(size);
  return out + values;
}

}  // namespace dl::testing
