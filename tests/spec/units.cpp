// lib/spec/units: durations and sizes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/units.h"

#include <doctest/doctest.h>

using namespace dl;

TEST_CASE("a duration has a unit, and reads back from its text") {
  CHECK(Duration::parse("500 steps") == Duration::steps(500));
  CHECK(Duration::parse("1 step") == Duration::steps(1));
  CHECK(Duration::parse("2 epochs") == Duration::epochs(2));
  CHECK(Duration::parse("0.5 epochs") == Duration::epochs(0.5));
  CHECK(Duration::parse("20000 samples") == Duration::samples(20000));
  CHECK(Duration::parse("1e5 samples") == Duration::samples(100000));
  CHECK(Duration::parse("10 min") == Duration::seconds(600));
  CHECK(Duration::parse("10min") == Duration::seconds(600));
  CHECK(Duration::parse("1.5 h") == Duration::seconds(5400));
  CHECK(Duration::parse("2 d") == Duration::seconds(172800));
  CHECK(Duration::parse("90s") == Duration::seconds(90));
  CHECK(Duration::parse("10%") == Duration::percent(10));
  CHECK(Duration::parse("2.5 %") == Duration::percent(2.5));
  for (const Duration& d : {Duration::steps(1), Duration::epochs(0.25), Duration::samples(7), Duration::seconds(0),
                            Duration::seconds(90), Duration::seconds(600), Duration::seconds(86400 * 3),
                            Duration::seconds(0.125), Duration::percent(10), Duration::percent(0.7)}) {
    CAPTURE(d.text());
    CHECK(Duration::parse(d.text()) == d);
  }
  CHECK(Duration::seconds(5400).text() == "90 min");
  CHECK(Duration::epochs(1).text() == "1 epoch");
}

TEST_CASE("a bare number is a duration only where its unit is known") {
  CHECK_FALSE(Duration::parse("500"));
  CHECK(Duration::parse("500", Duration::Unit::steps) == Duration::steps(500));
  CHECK(Duration::parse("1.5", Duration::Unit::epochs) == Duration::epochs(1.5));
}

TEST_CASE("what is no duration is none") {
  for (const char* text : {"", "steps", "a steps", "-1 steps", "1.5 steps", "0.5 samples", ".inf steps", ".nan s",
                           "1 fortnight", "1 2 steps", "1e300 steps", "10 m", "1 min 30 s"}) {
    CAPTURE(text);
    CHECK_FALSE(Duration::parse(text));
  }
}

TEST_CASE("a size in bytes has binary and decimal units, and reads back from its text") {
  CHECK(Bytes::parse("512 MiB") == Bytes{512LL << 20});
  CHECK(Bytes::parse("512MiB") == Bytes{512LL << 20});
  CHECK(Bytes::parse("1.5 GB") == Bytes{1'500'000'000});
  CHECK(Bytes::parse("4096") == Bytes{4096});
  CHECK(Bytes::parse("1 kB") == Bytes{1000});
  for (const int64_t count : {int64_t{0}, int64_t{1}, int64_t{1000}, int64_t{1024}, int64_t{1} << 40, int64_t{12345}})
    CHECK(Bytes::parse(Bytes{count}.text()) == Bytes{count});
  CHECK(Bytes{512LL << 20}.text() == "512 MiB");
  for (const char* text : {"", "MiB", "-1 MiB", "1 mib", "1.5", "1e300 GB", "1 MiB/s"}) {
    CAPTURE(text);
    CHECK_FALSE(Bytes::parse(text));
  }
}
