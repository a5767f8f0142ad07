// How much memory the machine has to give, and the process has taken.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

namespace dl {

// Bytes that this process may take without anything being swapped out: what the system says is available, cut by what
// is left of the limits of the process's control groups.
int64_t free_memory_bytes();

// The most that this process has had in memory at a time.
int64_t peak_memory_bytes();

// Has the system give whole pages among these bytes at once, which are to be written soon: that takes two thirds of the
// time that it takes to give each as it is touched. Where the system cannot, nothing happens.
void give_pages(void* begin, size_t bytes);

}  // namespace dl
