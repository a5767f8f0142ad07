// Threads that the system refuses: an error that says so, and those that run are ended.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/start_threads.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "lib/base/error.h"
#include "lib/base/thread_team.h"

using namespace dl;

namespace {

// What `work` throws in a process of its own, which has address space for a few threads' stacks only.
template <class Work>
std::string error_where_threads_are_refused(Work work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit stack{}, space{};
    getrlimit(RLIMIT_STACK, &stack);
    const rlim_t a_stack = stack.rlim_cur == RLIM_INFINITY ? 8 << 20 : stack.rlim_cur;
    space.rlim_cur = space.rlim_max = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE)) + 3 * a_stack;
    setrlimit(RLIMIT_AS, &space);
    std::string text = "nothing";
    try {
      work();
    } catch (const Error& error) {
      text = error.what();
    }
    [[maybe_unused]] const ssize_t written = write(ends[1], text.data(), text.size());
    _exit(0);
  }
  close(ends[1]);
  std::string text(4096, '\0');
  size_t bytes = 0;
  for (ssize_t n; (n = read(ends[0], text.data() + bytes, text.size() - bytes)) > 0;) bytes += static_cast<size_t>(n);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  return text.substr(0, bytes);
}

}  // namespace

TEST_CASE("threads that are refused are an error that says how many were asked for and what to lower") {
  const std::string text = error_where_threads_are_refused([] { ThreadTeam team(65); });
  const std::string begin = "error: trainer.threads: cannot start 64 threads, ";
  REQUIRE(text.starts_with(begin));
  const size_t after = text.find_first_not_of("0123456789", begin.size());
  CHECK(
      (text.substr(after) == " were started: Resource temporarily unavailable\n"
                             "  help: lower trainer.threads, or raise the limits of processes (ulimit -u) and memory" ||
       text.substr(after) == " was started: Resource temporarily unavailable\n"
                             "  help: lower trainer.threads, or raise the limits of processes (ulimit -u) and memory"));
}

TEST_CASE("threads that can be had run, each with its number") {
  std::vector<std::thread> threads;
  std::vector<int> seen(3, -1);
  start_threads(
      threads, 3, [&](int i) { seen[static_cast<size_t>(i)] = i; }, [] {}, "trainer.threads");
  for (std::thread& thread : threads) thread.join();
  CHECK(seen == std::vector<int>{0, 1, 2});
}
