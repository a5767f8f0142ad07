// How much memory the machine has to give, and the process has taken.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace dl {

// Bytes that this process may take without anything being swapped out: what the system says is available, cut by what
// is left of the limits of the process's control groups.
int64_t free_memory_bytes();

// The most that this process has had in memory at a time.
int64_t peak_memory_bytes();

}  // namespace dl
