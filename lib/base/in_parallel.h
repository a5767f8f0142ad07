// A loop whose turns do not depend on each other, on several threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>

#include "lib/base/error.h"
#include "lib/base/thread_team.h"

namespace dl {

// Calls f(0) … f(count - 1), each once, on at most so many threads; on the caller's alone where the system gives no
// more. All that begin end before it returns. Of the exceptions thrown that of the lowest number is rethrown, as a
// plain loop would: every call before it has been made.
template <class F>
void in_parallel(int64_t count, int threads, F f) {
  const int team_size = static_cast<int>(std::clamp<int64_t>(threads, 1, std::max<int64_t>(count, 1)));
  std::atomic<int64_t> next = 0, failed = count;  // failed: the lowest that threw
  std::exception_ptr error;
  std::mutex mutex;
  const auto work = [&](int) {
    for (int64_t i; (i = next.fetch_add(1)) < failed;) {
      try {
        f(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i >= failed) continue;
        failed = i;
        error = std::current_exception();
      }
    }
  };
  if (team_size == 1) {
    work(0);
  } else {
    std::unique_ptr<ThreadTeam> team;
    try {
      team = std::make_unique<ThreadTeam>(team_size);
    } catch (const Error&) {
    }
    team ? team->run(work) : work(0);
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace dl
