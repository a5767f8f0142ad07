// Threads, or an error that names what asked for them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/start_threads.h"

#include <system_error>

#include "lib/base/error.h"

namespace dl {

void start_threads(std::vector<std::thread>& threads, int count, const std::function<void(int)>& work,
                   const std::function<void()>& end, const std::string& key) {
  threads.reserve(threads.size() + static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    try {
      threads.emplace_back([work, i] { work(i); });
    } catch (const std::system_error& refused) {
      end();
      for (std::thread& thread : threads) thread.join();
      threads.clear();
      throw Error(Exit::failed,
                  Problem{.path = key,
                          .what = concat("cannot start ", count, count == 1 ? " thread" : " threads", ", ", i,
                                         i == 1 ? " was" : " were", " started: ", refused.code().message()),
                          .help = concat("lower ", key, ", or raise the limits of processes (ulimit -u) and memory")});
    }
  }
}

}  // namespace dl
