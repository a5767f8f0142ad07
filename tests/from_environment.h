// How many inputs made at random a test looks at, and which.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstdlib>

namespace dl::testing {

inline int64_t from_environment(const char* name, int64_t otherwise) {
  const char* given = std::getenv(name);
  return given ? std::atoll(given) : otherwise;
}

}  // namespace dl::testing
