// Reading the variables of batch systems and launchers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/batch_job.h"

#include <algorithm>
#include <cstdlib>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// -1 where it is not set or no whole number.
int64_t number(const char* name) {
  const std::optional<int64_t> value = integer_in(variable(name));
  return value && *value >= 0 ? *value : -1;
}

std::optional<BatchJob> slurm() {
  BatchJob job{.system = "slurm", .id = variable("SLURM_JOB_ID")};
  if (job.id.empty()) return {};
  if (const std::string array = variable("SLURM_ARRAY_JOB_ID"); !array.empty()) {
    job.id = array;
    job.task = variable("SLURM_ARRAY_TASK_ID");
  }
  job.restarts = std::max<int64_t>(number("SLURM_RESTART_COUNT"), 0);
  return job;
}

// "123[4].server" is task 4 of the array "123[].server".
std::optional<BatchJob> pbs() {
  BatchJob job{.system = "pbs", .id = variable("PBS_JOBID"), .task = variable("PBS_ARRAY_INDEX")};
  if (job.id.empty()) return {};
  const size_t open = job.id.find('['), close = job.id.find(']');
  if (open != std::string::npos && close != std::string::npos && close > open) {
    if (job.task.empty()) job.task = job.id.substr(open + 1, close - open - 1);
    job.id.erase(open + 1, close - open - 1);
  }
  return job;
}

// An index of 0 is no array's.
std::optional<BatchJob> lsf() {
  BatchJob job{.system = "lsf", .id = variable("LSB_JOBID"), .task = variable("LSB_JOBINDEX")};
  if (job.task == "0") job.task.clear();
  return job.id.empty() ? std::nullopt : std::optional(job);
}

std::optional<BatchJob> flux() {
  BatchJob job{.system = "flux", .id = variable("FLUX_JOB_ID")};
  return job.id.empty() ? std::nullopt : std::optional(job);
}

}  // namespace

std::string BatchJob::text() const { return concat(system, " job ", id, task.empty() ? "" : ", task ", task); }

std::optional<BatchJob> batch_job() {
  for (const auto& ask : {slurm, pbs, lsf, flux})
    if (std::optional<BatchJob> job = ask()) return job;
  return {};
}

LaunchedTask launched_task() {
  struct Launcher {
    const char *rank, *size, *other_size;
  };
  // The nearest launcher first: mpirun within a job's step knows more than the step does.
  for (const Launcher& launcher : {Launcher{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", ""},
                                   {"PMI_RANK", "PMI_SIZE", ""},
                                   {"FLUX_TASK_RANK", "FLUX_JOB_SIZE", ""},
                                   {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}}) {
    LaunchedTask task{.rank = number(launcher.rank), .size = number(launcher.size), .variable = launcher.rank};
    if (task.size < 0) task.size = number(launcher.other_size);
    if (task.rank >= 0 && task.rank < task.size && task.size > 1) return task;
  }
  return {};
}

}  // namespace dl
