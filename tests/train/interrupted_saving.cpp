// Checkpoints are complete or not there: on a full disk, in a process that is killed, beside a reader.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "tests/train/saved_weights.h"

using namespace dl;
using namespace dl::testing;

namespace {

// What a child process does with a limit on the size of files, which stands for a full disk.
int in_child_with_limit(rlim_t bytes, const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
    int code = 0;
    try {
      work();
    } catch (const Error& error) {
      code = static_cast<int>(error.exit());
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a full disk at any point of saving leaves the older checkpoint and nothing else") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  int failed = 0;
  for (rlim_t limit = 0; limit < 2000; limit += 50) {
    const int code = in_child_with_limit(limit, [&] { w.save(checkpoints, 2); });
    if (code == 0) break;
    CHECK(code == static_cast<int>(Exit::io));
    CHECK(names(folder.path) == std::vector<std::string>{"step-00000001"});
    failed += 1;
  }
  CHECK(failed > 5);
  CHECK(checkpoints.newest(none_passed_over)->state.step == 2);
}

TEST_CASE("a process killed while it saves leaves a checkpoint to go on from") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  for (int i = 0; i < 30; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (int64_t step = 2;; ++step) {
        w.save(checkpoints, step % 5 + 1);  // new ones, and ones that replace another
        checkpoints.prune(2, -1);
      }
    }
    usleep(static_cast<useconds_t>(500 + i * 397));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    checkpoints.clean();
    const auto newest = checkpoints.newest(none_passed_over);
    REQUIRE(newest);
    for (const std::string& name : names(folder.path)) CHECK(name.starts_with("step-"));
    w.fill(static_cast<float>(newest->state.step));
    const auto expected = contents(w.store);
    w.fill(0);
    read_weights(w.tensors, w.store, newest->weights());
    read_optimizer(w.tensors, w.store, newest->optimizer());
    CHECK(contents(w.store) == expected);
  }
}

TEST_CASE("what a killed process left half done is mended") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  w.save(checkpoints, 2);
  std::filesystem::rename(checkpoints.of_step(1), folder.path / ".old-step-00000001");
  std::filesystem::copy(checkpoints.of_step(2), folder.path / ".old-step-00000002");
  std::filesystem::create_directory(folder.path / ".new-step-00000003");
  std::filesystem::create_directory(folder.path / ".gone-step-00000000");
  checkpoints.clean();
  CHECK(names(folder.path) == std::vector<std::string>{"step-00000001", "step-00000002"});
}

TEST_CASE("a reader finds a checkpoint at any time while its writer saves and removes them") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int64_t step = 2; step <= 60; ++step) {
      w.save(checkpoints, step);
      checkpoints.prune(1, -1);
    }
    done = true;
  });
  int64_t newest = 0;
  while (!done) {
    const auto found = checkpoints.newest(none_passed_over);
    REQUIRE(found);
    CHECK(found->state.step >= newest);
    newest = found->state.step;
  }
  writer.join();
  CHECK(checkpoints.newest(none_passed_over)->state.step == 60);
}
