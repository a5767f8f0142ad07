// How it stands with a run: run.json in its folder, written when it begins, with each checkpoint and at its end.
// docs/file-formats.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/base/batch_job.h"
#include "lib/train/kept/observer.h"
#include "lib/train/kept/run_folder.h"

namespace dl {

struct RunState {
  enum class Status {
    running,   // a process holds it
    stopped,   // by a signal or a time limit, after saving: to be resumed
    finished,  // trained to its end
    failed,    // with an error, or figures that were not finite
    killed,    // its process ended without a word: to be resumed
    damaged,   // what says so, or the newest checkpoint, cannot be read
  };
  Status status = Status::running;
  std::string reason;  // "max_epochs (10) reached"; of a damaged run, what is wrong
  int exit = 0;        // as docs/exit-codes.md has it, of the process that wrote last; 0 while it runs

  int64_t step = 0;              // at the last record
  int64_t epoch = 0;             // epochs done
  int64_t total_steps = 0;       // 0: no planned end
  double time_s = 0;             // of training
  std::vector<Measured> values;  // the latest of each figure
  std::string monitor;           // the figure that chooses the best checkpoint; empty: none
  double best_value = 0;
  int64_t best_step = -1;  // -1: none

  std::string begun, written;  // "2026-01-31T23:59:59Z": the run, and this record
  // The process that wrote last.
  std::string host, device, dlcli, commit;
  int64_t process = 0;
  int threads = 0;
  std::optional<BatchJob> job;
};

std::string name_of(RunState::Status status);  // "running"

// Of a run, whoever holds it. Never throws for what is in the folder: what cannot be read is `damaged`.
RunState read_run_state(const RunPaths& run);

// The job that wrote the run last; none where it was none or the record cannot be read.
std::optional<BatchJob> job_of(const RunPaths& run);

// The newest run of a name with a checkpoint that this job wrote.
std::optional<RunPaths> run_of_job(const std::string& name, const BatchJob& job, const std::filesystem::path& runs);

// The run that a process of this name and job, if it is part of one, is to go on with: the job's own; a task of an
// array else one of the same task, whatever the job; others the newest of the name with a checkpoint. None: it is to
// begin.
std::optional<RunPaths> run_to_go_on_with(const std::string& name, const std::optional<BatchJob>& job,
                                          const std::filesystem::path& runs);

// Keeps run.json as it stands with the run. A record that cannot be written loses the record, not the run.
class RunRecord final : public Observer {
 public:
  explicit RunRecord(const RunPaths& run);

  void started(const RunStarted& e) override;
  void logged(const StepRecord& e) override;
  void validated(const ValidationRecord& e) override;
  void epoch_ended(const EpochRecord& e) override;
  void saved(const CheckpointSaved& e) override;
  void finished(const RunFinished& e) override;
  // That the run ends by an error.
  void failed(Exit exit, const std::string& reason);

 private:
  void remember(const std::vector<Measured>& values);
  void write();

  RunPaths run_;
  RunState state_;
};

}  // namespace dl
