// Free memory.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/memory.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <vector>

TEST_CASE("free memory is some, and no more than the machine has") {
  const int64_t all = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  CHECK(dl::free_memory_bytes() > 0);
  CHECK(dl::free_memory_bytes() <= all);
}

TEST_CASE("pages that are given hold what they held") {
  std::vector<char> bytes(100'000, 'x');
  dl::give_pages(bytes.data() + 5, bytes.size() - 10);
  dl::give_pages(bytes.data() + 1, 2);
  dl::give_pages(bytes.data(), 0);
  CHECK(bytes == std::vector<char>(100'000, 'x'));
}
