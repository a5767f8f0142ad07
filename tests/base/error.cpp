// What errors say, and what the process ends with.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"

#include <doctest/doctest.h>

#include <filesystem>

using namespace dl;

TEST_CASE("of several problems the config's decides the exit, then the data's, then the system's") {
  const Problem config{.what = "a key"};
  const Problem data = Error(Exit::data, Problem{.what = "a row"}).problems()[0];
  const Problem io = Error(Exit::io, Problem{.what = "a disk"}).problems()[0];
  CHECK(Error(std::vector{io, data, config}).exit() == Exit::usage);
  CHECK(Error(std::vector{io, data}).exit() == Exit::data);
  CHECK(Error(std::vector{io}).exit() == Exit::io);
  CHECK(std::string(Error(std::vector{io, data}).what()) == "error: a disk\nerror: a row");
}

TEST_CASE("a path in a message stands as it is, without quotes") {
  CHECK(concat("no ", std::filesystem::path("my runs/a"), ", ", 2, " left") == "no my runs/a, 2 left");
}
