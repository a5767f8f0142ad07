// Cores from control groups, and the processor's description.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/cpu.h"

#include <doctest/doctest.h>

#include "tests/folder.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a control group's quota is found in versions 1 and 2, and a parent's smaller one counts") {
  const Folder root;
  CHECK(cgroup_cores(root.path, "0::/a/b\n") == 0);
  root.write("a/cpu.max", "max 100000\n");
  CHECK(cgroup_cores(root.path, "0::/a/b\n") == 0);
  root.write("a/b/cpu.max", "250000 100000\n");
  CHECK(cgroup_cores(root.path, "0::/a/b\n") == 2.5);
  root.write("a/cpu.max", "150000 100000\n");
  CHECK(cgroup_cores(root.path, "0::/a/b\n") == 1.5);
  CHECK(cgroup_cores(root.path, "0::/\n") == 0);
  root.write("cpu,cpuacct/job/cpu.cfs_quota_us", "400000\n");
  root.write("cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  CHECK(cgroup_cores(root.path, "5:memory:/x\n4:cpu,cpuacct:/job\n") == 4);
  CHECK(cgroup_cores(root.path, "4:cpuset:/job\n") == 0);
  root.write("cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  CHECK(cgroup_cores(root.path, "4:cpu,cpuacct:/job\n") == 0);
}

TEST_CASE("at least one core may be used, and the processor is described in one line") {
  CHECK(usable_cores() >= 1);
  CHECK(cpu_text().find('\n') == std::string::npos);
  CHECK(cpu_text().find(" L2") != std::string::npos);
  CHECK(cpu_features().l1_bytes > 0);
}

TEST_CASE("the least that a batch system or OMP_NUM_THREADS grants is known with the variable that says so") {
  const char* const all[] = {"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "PBS_NCPUS", "NCPUS", "NSLOTS",
                             "LSB_DJOB_NUMPROC",    "OMP_NUM_THREADS"};
  for (const char* variable : all) unsetenv(variable);
  CHECK(core_grant().cores == 0);
  setenv("SLURM_CPUS_PER_TASK", "8", 1);
  setenv("OMP_NUM_THREADS", "4,2", 1);
  setenv("NSLOTS", "many", 1);
  CHECK(core_grant().cores == 4);
  CHECK(core_grant().variable == "OMP_NUM_THREADS");
  for (const char* variable : all) unsetenv(variable);
  CHECK(usable_cores() <= allowed_cores());
}
