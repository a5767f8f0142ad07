// A loop on several threads is the loop.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/in_parallel.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace dl {

TEST_CASE("every turn is taken once, whatever the number of threads") {
  for (const int threads : {0, 1, 2, 5})
    for (const int64_t count : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> turns(static_cast<size_t>(count));
      in_parallel(count, threads, [&](int64_t i) { ++turns[static_cast<size_t>(i)]; });
      for (const std::atomic<int>& taken : turns) CHECK(taken == 1);
    }
}

TEST_CASE("the error is that of the first turn that fails, and all turns before it were taken") {
  for (const int threads : {1, 2, 4})
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::vector<std::atomic<int>> turns(100);
      std::string said;
      try {
        in_parallel(100, threads, [&](int64_t i) {
          ++turns[static_cast<size_t>(i)];
          if (i % 10 == 7) throw std::runtime_error(std::to_string(i));
        });
      } catch (const std::runtime_error& error) {
        said = error.what();
      }
      CHECK(said == "7");
      for (size_t i = 0; i < 7; ++i) CHECK(turns[i] == 1);
    }
}

}  // namespace dl
