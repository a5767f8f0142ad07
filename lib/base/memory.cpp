// Asks the system and the control groups.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/memory.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace dl {
namespace {

// The number behind `key` in a file of lines "KEY NUMBER …"; of the first line without a key. -1 where there is none.
int64_t number_in(const std::string& file, const std::string& key = {}) {
  std::ifstream in(file);
  int64_t number = -1;
  if (key.empty()) return in >> number ? number : -1;
  for (std::string word; in >> word;)
    if (word == key) return in >> number ? number : -1;
  return -1;
}

}  // namespace

int64_t free_memory_bytes() {
  const int64_t available = number_in("/proc/meminfo", "MemAvailable:");
  int64_t bytes = available >= 0 ? available << 10 : int64_t{sysconf(_SC_AVPHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  const std::string groups = "/sys/fs/cgroup/";
  for (const auto& [limit, used] :
       {std::pair(groups + "memory.max", groups + "memory.current"),
        std::pair(groups + "memory/memory.limit_in_bytes", groups + "memory/memory.usage_in_bytes")}) {
    const int64_t most = number_in(limit), now = number_in(used);
    if (most >= 0 && now >= 0) bytes = std::min(bytes, std::max<int64_t>(most - now, 0));
  }
  return bytes;
}

int64_t peak_memory_bytes() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return int64_t{used.ru_maxrss} << 10;
}

void give_pages([[maybe_unused]] void* begin, [[maybe_unused]] size_t bytes) {
#if defined(MADV_POPULATE_WRITE)
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)), at = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t from = (at + page - 1) / page * page, to = (at + bytes) / page * page;
  if (from < to) madvise(reinterpret_cast<void*>(from), to - from, MADV_POPULATE_WRITE);
#endif
}

}  // namespace dl
