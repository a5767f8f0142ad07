// Asks the processor, the affinity mask, the control groups and the batch system.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/cpu.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "lib/base/error.h"

namespace dl {

namespace {

#if defined(__x86_64__)
struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned sub = 0) {
  Registers r;
  if (__get_cpuid_count(leaf, sub, &r.a, &r.b, &r.c, &r.d)) return r;
  return {};
}

// Which register files the operating system saves (XCR0); 0 where it cannot be asked.
uint64_t saved_state() {
  constexpr unsigned osxsave = 1u << 27;
  if (!(cpuid(1).c & osxsave)) return 0;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}

// Whether tiles may be used. That the system can save them says XCR0, also where a virtual machine hides what CPUID
// tells of them; Linux lets only a process touch them that asked for it, and with it all of its threads.
bool may_use_tiles() {
  constexpr uint64_t tiles = (uint64_t{1} << 17) | (uint64_t{1} << 18);
  if ((saved_state() & tiles) != tiles) return false;
  constexpr unsigned lists_tiles = 1u << 24, lists_bf16 = 1u << 22;
  const unsigned listed = cpuid(7).d;
  if ((listed & lists_tiles) && !(listed & lists_bf16)) return false;
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM of asm/prctl.h
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

std::string bytes_as_text(std::initializer_list<unsigned> words) {
  std::string text;
  for (unsigned word : words) {
    for (int i = 0; i < 4; ++i) text += static_cast<char>(word >> (8 * i));
  }
  text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
  const size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

void find_features(CpuFeatures& f) {
  const Registers first = cpuid(0);
  f.vendor = bytes_as_text({first.b, first.d, first.c});
  if (cpuid(0x80000000u).a >= 0x80000004u) {
    for (unsigned leaf = 0x80000002u; leaf <= 0x80000004u; ++leaf) {
      const Registers r = cpuid(leaf);
      f.model += bytes_as_text({r.a, r.b, r.c, r.d}) + (leaf < 0x80000004u ? " " : "");
    }
    f.model.erase(f.model.find_last_not_of(' ') + 1);
  }
  const unsigned signature = cpuid(1).a, family = signature >> 8 & 15;
  f.family = static_cast<int>(family == 15 ? family + (signature >> 20 & 255) : family);
  f.number = static_cast<int>((signature >> 4 & 15) | (family == 6 || family == 15 ? signature >> 12 & 0xf0 : 0));
  f.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  f.avx512 = f.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  f.avx512_bf16 = f.avx512 && (cpuid(7, 1).a & (1u << 5)) != 0;
  f.amx = f.avx512 && may_use_tiles();
}
#else
void find_features(CpuFeatures&) {}
#endif

// Of a level, not of instructions, as the system lists it: the C library adds up the caches that lie side by side. 0
// where it is not listed.
int64_t listed_cache(int level) {
  for (int i = 0; i < 8; ++i) {
    const std::string folder = concat("/sys/devices/system/cpu/cpu0/cache/index", i, "/");
    int found = 0;
    std::string type, unit;
    int64_t size = 0;
    if (!(std::ifstream(folder + "level") >> found)) break;
    std::ifstream(folder + "type") >> type;
    std::ifstream(folder + "size") >> size >> unit;
    if (found == level && type != "Instruction") return size << (unit == "M" ? 20 : unit == "K" ? 10 : 0);
  }
  return 0;
}

CpuFeatures find() {
  CpuFeatures f;
  find_features(f);
  const auto cache = [](int level, int name, int64_t unknown) {
    if (const int64_t listed = listed_cache(level); listed > 0) return listed;
    const long bytes = sysconf(name);
    return bytes > 0 ? static_cast<int64_t>(bytes) : unknown;
  };
  f.l1_bytes = cache(1, _SC_LEVEL1_DCACHE_SIZE, f.l1_bytes);
  f.l2_bytes = cache(2, _SC_LEVEL2_CACHE_SIZE, f.l2_bytes);
  f.l3_bytes = cache(3, _SC_LEVEL3_CACHE_SIZE, f.l3_bytes);
  return f;
}

std::string size_text(int64_t bytes) {
  return bytes % (1 << 20) == 0 ? concat(bytes >> 20, " MiB") : concat(bytes >> 10, " KiB");
}

// The quota that one control group's folder sets, in cores; 0: none.
double quota(const std::string& folder) {
  double limit = 0, period = 0;
  if (std::ifstream v2(folder + "/cpu.max"); v2 >> limit >> period)
    return period > 0 ? limit / period : 0;  // not "max"
  std::ifstream v1_limit(folder + "/cpu.cfs_quota_us"), v1_period(folder + "/cpu.cfs_period_us");
  if (v1_limit >> limit && v1_period >> period && limit > 0 && period > 0) return limit / period;
  return 0;
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = find();
  return features;
}

double cgroup_cores(const std::string& root, const std::string& memberships) {
  double least = 0;
  std::istringstream lines(memberships);
  for (std::string line; std::getline(lines, line);) {  // "0::/user.slice/…" or "4:cpu,cpuacct:/…"
    const size_t first = line.find(':'), second = line.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = concat(",", line.substr(first + 1, second - first - 1), ",");
    const bool v2 = controllers == ",,";
    if (!v2 && controllers.find(",cpu,") == std::string::npos) continue;
    const std::string mount = v2 ? root : root + "/" + controllers.substr(1, controllers.size() - 2);
    // A parent's limit holds too. Inside a container the path may not exist, the root then is the group itself.
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      while (!path.empty() && path.back() == '/') path.pop_back();
      for (const std::string& folder : {mount + path, root + "/cpu" + path}) {
        const double cores = quota(folder);
        if (cores > 0) least = least > 0 ? std::min(least, cores) : cores;
      }
      if (path.find('/') == std::string::npos) break;
    }
  }
  return least;
}

int allowed_cores() {
  static const int cores = [] {
    int count = static_cast<int>(std::thread::hardware_concurrency());
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
    std::ifstream self("/proc/self/cgroup");
    std::stringstream memberships;
    memberships << self.rdbuf();
    const double quota_cores = cgroup_cores("/sys/fs/cgroup", memberships.str());
    if (quota_cores > 0) count = std::min(count, static_cast<int>(std::ceil(quota_cores)));
    return std::max(count, 1);
  }();
  return cores;
}

CoreGrant core_grant() {
  CoreGrant least;
  for (const char* variable : {"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "PBS_NCPUS", "NCPUS", "NSLOTS",
                               "LSB_DJOB_NUMPROC", "OMP_NUM_THREADS"}) {
    const char* text = std::getenv(variable);
    const int cores = text ? std::atoi(text) : 0;  // of OMP_NUM_THREADS=4,2 the outermost
    if (cores > 0 && (least.cores == 0 || cores < least.cores)) least = {cores, variable};
  }
  return least;
}

int usable_cores() {
  static const int granted = core_grant().cores;
  return granted > 0 ? std::min(granted, allowed_cores()) : allowed_cores();
}

std::string cpu_text() {
  const CpuFeatures& f = cpu_features();
  std::string text = concat(f.model.empty() ? "unknown processor" : f.model, ", ", allowed_cores(),
                            allowed_cores() == 1 ? " core, " : " cores, ");
  std::string sets;
  for (const auto& [there, name] : {std::pair(f.avx512, "avx512"), std::pair(f.avx2 && !f.avx512, "avx2"),
                                    std::pair(f.avx512_bf16, "avx512_bf16"), std::pair(f.amx, "amx")}) {
    if (there) sets += (sets.empty() ? "" : " ") + std::string(name);
  }
  text += sets.empty() ? "portable" : sets;
  text += concat(", ", size_text(f.l1_bytes), " L1, ", size_text(f.l2_bytes), " L2");
  if (f.l3_bytes > 0) text += concat(", ", size_text(f.l3_bytes), " L3");
  return text;
}

}  // namespace dl
