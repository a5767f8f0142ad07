// What a batch system says of the job that this process is part of.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace dl {

// A requeued job keeps its id and task, whatever machine it starts on again.
struct BatchJob {
  std::string system;    // "slurm", "pbs", "lsf" or "flux"
  std::string id;        // the same for all tasks of an array
  std::string task;      // the index in the array; empty: it is none
  int64_t restarts = 0;  // how often it was requeued, where the system counts

  std::string text() const;  // "slurm job 13", "slurm job 13, task 2"
  // Whether it is the same job, started again or not.
  bool is(const BatchJob& other) const { return system == other.system && id == other.id && task == other.task; }
};

// Of this process; none where no batch system started it.
std::optional<BatchJob> batch_job();

// One of several processes that a launcher (srun, mpirun, flux run) started together.
struct LaunchedTask {
  int64_t rank = 0, size = 1;
  std::string variable;  // that says so: "SLURM_PROCID"
};

// Of this process; one alone where nothing says otherwise.
LaunchedTask launched_task();

}  // namespace dl
