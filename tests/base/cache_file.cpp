// What is kept in the user's folder of caches.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/cache_file.h"

#include <doctest/doctest.h>

#include "tests/cache_home.h"

namespace dl::testing {

TEST_CASE("what is kept is found again whole or not at all") {
  const CacheHome home;
  CHECK(cache_folder() == home / "dlcli");
  CHECK_FALSE(read_cached("speeds"));
  write_cached("speeds", "first 1\nsecond 2\n");
  CHECK(read_cached("speeds") == "first 1\nsecond 2\n");
  write_cached("nothing", "");
  CHECK(read_cached("nothing") == "");

  const std::string whole = text_of(home / "dlcli/speeds");
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 1;
    write(home / "dlcli/speeds", damaged);
    CHECK_FALSE(read_cached("speeds"));
    write(home / "dlcli/speeds", whole.substr(0, i));
    CHECK_FALSE(read_cached("speeds"));
  }
  std::filesystem::remove(home / "dlcli/speeds");
  std::filesystem::create_directory(home / "dlcli/speeds");
  CHECK_FALSE(read_cached("speeds"));
  write_cached("speeds", "cannot be written");  // says nothing
}

TEST_CASE("a user without a home, or whose cache is a file, keeps nothing and is not told") {
  const CacheHome home;
  write(home / "file", "");
  ::setenv("XDG_CACHE_HOME", (home / "file").c_str(), 1);
  write_cached("speeds", "x");
  CHECK_FALSE(read_cached("speeds"));
  const std::string was = std::getenv("HOME") ? std::getenv("HOME") : "";
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", home.path.c_str(), 1);
  CHECK(cache_folder() == home / ".cache/dlcli");
  ::setenv("HOME", "relative", 1);
  CHECK(cache_folder().empty());
  write_cached("speeds", "x");
  CHECK_FALSE(read_cached("speeds"));
  ::setenv("HOME", was.c_str(), 1);
}

}  // namespace dl::testing
