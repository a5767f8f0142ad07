// Counts heap allocations of the test program: run() of a kernel takes none.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace dl::testing {

int64_t allocations();  // by operator new, of all threads, since the program began

}  // namespace dl::testing
