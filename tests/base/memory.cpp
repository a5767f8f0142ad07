// Free memory.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/memory.h"

#include <doctest/doctest.h>
#include <unistd.h>

TEST_CASE("free memory is some, and no more than the machine has") {
  const int64_t all = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  CHECK(dl::free_memory_bytes() > 0);
  CHECK(dl::free_memory_bytes() <= all);
}
