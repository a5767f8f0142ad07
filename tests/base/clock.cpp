// Clocks move forward and name a moment.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/clock.h"

#include <doctest/doctest.h>
#include <unistd.h>

TEST_CASE("steady seconds pass as a sleep does") {
  const double before = dl::steady_seconds();
  ::usleep(20'000);
  const double passed = dl::steady_seconds() - before;
  CHECK(passed >= 0.020);
  CHECK(passed < 10);
}

TEST_CASE("a thread that waits has no seconds of its own") {
  const double wall = dl::steady_seconds(), own = dl::thread_seconds();
  ::usleep(100'000);
  const double waited = dl::thread_seconds() - own;
  CHECK(dl::steady_seconds() - wall >= 0.1);
  CHECK(waited < 0.05);
  uint64_t x = 1;
  while (dl::thread_seconds() - own < waited + 0.01) x = x * 3 + 1;
  CHECK(x != 0);
}

TEST_CASE("the age of the process counts from its start, not from the first call") {
  const double age = dl::process_seconds();
  CHECK(age >= 0);
  CHECK(age < 600);
  ::usleep(30'000);
  CHECK(dl::process_seconds() - age >= 0.029);
}

TEST_CASE("a timestamp is UTC in ISO 8601") {
  const std::string text = dl::utc_timestamp();
  CHECK(text.size() == 20);
  for (size_t i = 0; i < text.size(); ++i) {
    CAPTURE(i);
    const char form = "0000-00-00T00:00:00Z"[i];
    CHECK((form == '0' ? (text[i] >= '0' && text[i] <= '9') : text[i] == form));
  }
  CHECK(text > "2024");
}
