// What the processor can do, and how much of it this process may use.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

namespace dl {

struct CpuFeatures {
  std::string model;            // the marketing name; may be empty
  std::string vendor;           // "GenuineIntel", "AuthenticAMD"; empty on other architectures
  int family = 0, number = 0;   // of the vendor's processors; 0 on other architectures
  bool avx2 = false;            // with fma and bmi2, and the system saves the registers
  bool avx512 = false;          // f, bw, vl and dq, and the system saves the registers
  bool avx512_bf16 = false;     // vdpbf16ps
  bool amx = false;             // tiles that multiply bf16, and the system lets this process use them
  int64_t l1_bytes = 32 << 10;  // data cache of a core
  int64_t l2_bytes = 256 << 10;
  int64_t l3_bytes = 0;  // shared; 0 = unknown or none
};

const CpuFeatures& cpu_features();  // found once

// Cores that this process can keep busy: what the affinity mask allows, cut by the cgroup's quota rounded up; at
// least 1.
int allowed_cores();

// What a batch system granted or the user asked of every program, where the system binds nothing.
struct CoreGrant {
  int cores = 0;         // the least that a variable says; 0: none says anything
  std::string variable;  // "SLURM_CPUS_PER_TASK"
};
CoreGrant core_grant();

// Threads that a program takes unasked: allowed_cores(), or core_grant() where that is less.
int usable_cores();

// The smallest quota, in cores, of the process's control groups (version 1 or 2) below `root` as `memberships` lists
// them in the form of /proc/self/cgroup; 0 where there is no limit.
double cgroup_cores(const std::string& root, const std::string& memberships);

std::string cpu_text();  // "AMD EPYC 9B14, 2 cores, avx512 avx512_bf16, 32 KiB L1, 1 MiB L2, 32 MiB L3", for `doctor`

}  // namespace dl
