// Batch systems and launchers by the variables that they set.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/batch_job.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "lib/base/error.h"

using namespace dl;

namespace {

using Variables = std::vector<std::pair<const char*, const char*>>;

// What `ask` answers where these variables are set and no others that it looks at.
template <class Ask>
auto with(const Variables& set, Ask ask) {
  for (const char* name : {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT",
                           "PBS_JOBID", "PBS_ARRAY_INDEX", "LSB_JOBID", "LSB_JOBINDEX", "FLUX_JOB_ID", "SLURM_PROCID",
                           "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "PMI_RANK", "PMI_SIZE", "OMPI_COMM_WORLD_RANK",
                           "OMPI_COMM_WORLD_SIZE", "FLUX_TASK_RANK", "FLUX_JOB_SIZE"})
    unsetenv(name);
  for (const auto& [name, value] : set) setenv(name, value, 1);
  const auto answer = ask();
  for (const auto& [name, value] : set) unsetenv(name);
  return answer;
}

std::string job(const Variables& set) {
  const std::optional<BatchJob> job = with(set, batch_job);
  return job ? concat(job->text(), job->restarts > 0 ? concat(", restart ", job->restarts) : "") : "none";
}

std::string task(const Variables& set) {
  const LaunchedTask task = with(set, launched_task);
  return concat(task.rank, " of ", task.size);
}

}  // namespace

TEST_CASE("a job is known by its id, and a task of an array by the array's id and its index") {
  CHECK(job({}) == "none");
  CHECK(job({{"SLURM_JOB_ID", "13"}}) == "slurm job 13");
  CHECK(job({{"SLURM_JOB_ID", "13"}, {"SLURM_RESTART_COUNT", "2"}}) == "slurm job 13, restart 2");
  CHECK(job({{"SLURM_JOB_ID", "15"}, {"SLURM_ARRAY_JOB_ID", "13"}, {"SLURM_ARRAY_TASK_ID", "2"}}) ==
        "slurm job 13, task 2");
  CHECK(job({{"PBS_JOBID", "7.server"}}) == "pbs job 7.server");
  CHECK(job({{"PBS_JOBID", "7[4].server"}, {"PBS_ARRAY_INDEX", "4"}}) == "pbs job 7[].server, task 4");
  CHECK(job({{"LSB_JOBID", "99"}, {"LSB_JOBINDEX", "0"}}) == "lsf job 99");
  CHECK(job({{"LSB_JOBID", "99"}, {"LSB_JOBINDEX", "3"}}) == "lsf job 99, task 3");
  CHECK(job({{"FLUX_JOB_ID", "f5xyz"}}) == "flux job f5xyz");
}

TEST_CASE("a job that was started again is the same job, another task of its array is not") {
  const BatchJob first{.system = "slurm", .id = "13", .task = "1", .restarts = 0};
  BatchJob other = first;
  other.restarts = 3;
  CHECK(first.is(other));
  other.task = "2";
  CHECK(!first.is(other));
}

TEST_CASE("of several tasks each knows which it is, by the nearest launcher") {
  CHECK(task({}) == "0 of 1");
  CHECK(task({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}) == "0 of 1");
  CHECK(task({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "2"}}) == "1 of 2");
  CHECK(task({{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "4"}}) == "0 of 1");
  CHECK(task({{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"SLURM_PROCID", "0"}}) == "3 of 4");
  CHECK(task({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}) == "1 of 2");
  CHECK(task({{"PMI_RANK", "nonsense"}, {"PMI_SIZE", "2"}}) == "0 of 1");
}
