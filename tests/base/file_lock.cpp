// One holder at a time, named to the others, gone with its process.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/file_lock.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "lib/base/error.h"
#include "tests/folder.h"

using namespace dl::testing;

namespace {

std::string host() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string refusal(const std::filesystem::path& path, const std::string& holder) {
  return "error: " + path.string() + ": held by " + holder + "\n  help: wait until it ends, or stop it";
}

}  // namespace

TEST_CASE("a second holder is refused and told who the first is") {
  Folder folder;
  auto first = std::make_unique<dl::FileLock>(folder / "lock");
  CHECK(error_text([&] { dl::FileLock second(folder / "lock"); }) ==
        refusal(folder / "lock", dl::concat("process ", ::getpid(), " on ", host())));
  first.reset();
  CHECK(error_text([&] { dl::FileLock second(folder / "lock"); }).empty());
  CHECK(folder.text("lock").empty());
}

TEST_CASE("a holder that has not written its name yet is another process") {
  Folder folder;
  dl::FileLock first(folder / "lock");
  std::filesystem::resize_file(folder / "lock", 0);
  CHECK(error_text([&] { dl::FileLock second(folder / "lock"); }) == refusal(folder / "lock", "another process"));
}

TEST_CASE("a killed holder's lock is free at once") {
  Folder folder;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    dl::FileLock held(folder / "lock");
    [[maybe_unused]] const ssize_t told = ::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(error_text([&] { dl::FileLock second(folder / "lock"); }) ==
        refusal(folder / "lock", dl::concat("process ", child, " on ", host())));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(error_text([&] { dl::FileLock second(folder / "lock"); }).empty());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("whether a lock is held can be asked without taking it, and whether its file is still there") {
  Folder folder;
  CHECK(!dl::is_held(folder / "lock"));
  auto lock = std::make_unique<dl::FileLock>(folder / "lock");
  CHECK(dl::is_held(folder / "lock"));
  CHECK(lock->still_there());
  std::filesystem::rename(folder / "lock", folder / "moved");
  CHECK(!lock->still_there());
  folder.write("lock", "");
  CHECK(!lock->still_there());
  lock.reset();
  CHECK(!dl::is_held(folder / "moved"));
}
