// The team's promises: each thread once, results visible, errors carried, no memory taken.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/thread_team.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "lib/base/error.h"
#include "lib/base/float_mode.h"

using namespace dl;

TEST_CASE("each thread is called once in every run, and what it wrote is visible afterwards") {
  for (int threads : {1, 2, 3, 7}) {
    ThreadTeam team(threads);
    CHECK(team.size() == threads);
    std::vector<int> calls(static_cast<size_t>(threads), 0);
    for (int round = 1; round <= 300; ++round) {
      team.run([&](int thread) { ++calls[static_cast<size_t>(thread)]; });
      REQUIRE(calls == std::vector<int>(static_cast<size_t>(threads), round));
    }
  }
}

TEST_CASE("all threads calculate in the caller's float mode, and denormals are 0 where that is asked for") {
  ThreadTeam team(3);
  const auto products = [&] {
    std::vector<float> all(3);
    volatile float small = 0x1p-100f, smaller = 0x1p-40f;
    team.run([&](int thread) { all[static_cast<size_t>(thread)] = small * smaller; });
    return all;
  };
  CHECK(products() == std::vector<float>(3, 0x1p-140f));
  {
    const NoDenormals fast;
    CHECK(products() == std::vector<float>(3, 0.0f));
  }
  CHECK(products() == std::vector<float>(3, 0x1p-140f));
}

TEST_CASE("a team that has gone to sleep wakes up again") {
  ThreadTeam team(2);
  int sum = 0;
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<int> seen{0};
    team.run([&](int thread) { seen += thread + 1; });
    sum += seen;
  }
  CHECK(sum == 9);
}

TEST_CASE("the caller sleeps while a worker is slow") {
  ThreadTeam team(2);
  bool slept = false;
  team.run([&](int thread) {
    if (thread == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      slept = true;
    }
  });
  CHECK(slept);
}

TEST_CASE("the error of the lowest thread that failed reaches the caller, and the team works on") {
  ThreadTeam team(3);
  for (int round = 0; round < 3; ++round) {
    CHECK_THROWS_WITH_AS(team.run([](int thread) {
      if (thread > 0) throw std::runtime_error("thread " + std::to_string(thread));
    }),
                         "thread 1", std::runtime_error);
    int calls[3] = {};
    team.run([&](int thread) { calls[thread] = 1; });
    CHECK(calls[0] + calls[1] + calls[2] == 3);
  }
}

TEST_CASE("a run inside a run is a failed check") {
  ThreadTeam team(2);
  CHECK_THROWS_AS(team.run([&](int thread) {
    if (thread == 0) team.run([](int) {});
  }),
                  CheckFailure);
}

TEST_CASE("split cuts a range into even parts that begin at multiples of the unit") {
  for (int64_t n : {0, 1, 5, 64, 1000}) {
    for (int64_t unit : {1, 16}) {
      for (int64_t parts : {1, 2, 3, 8}) {
        int64_t next = 0;
        for (int64_t i = 0; i < parts; ++i) {
          const Range r = split(n, parts, i, unit);
          CHECK(r.begin == next);
          CHECK((r.begin % unit == 0 || r.begin == n));
          CHECK(r.end - r.begin <= ((n + unit - 1) / unit / parts + 1) * unit);
          next = r.end;
        }
        CHECK(next == n);
      }
    }
  }
  CHECK(split(10, 3, 0) == Range{0, 4});
  CHECK(split(10, 3, 2, 4) == Range{8, 10});
}
