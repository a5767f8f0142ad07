// run.json: how it stands with a run, and whose it is.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/run_state.h"

#include <doctest/doctest.h>

#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;
using Status = RunState::Status;

namespace {

struct RecordedRun : Folder {
  RunFolder made = RunFolder::create(path, "net", "", "");
  RunPaths paths = made.paths();

  // As its process leaves it: the lock is free.
  void end() { RunFolder gone = std::move(made); }
};

}  // namespace

TEST_CASE("a run is running while its folder is held, and then what its last record says") {
  RecordedRun run;
  RunRecord record(run.paths);
  record.started({.device = "cpu: 2 threads",
                  .total_steps = 40,
                  .host = "node7",
                  .job = BatchJob{.system = "slurm", .id = "13", .task = "2", .restarts = 1},
                  .threads = 2});
  CHECK(read_run_state(run.paths).status == Status::running);
  record.logged({.step = 4, .time_s = 1.5, .values = {{"train/loss", 0.5}, {"lr", 0.1}}});
  record.validated({.step = 8, .time_s = 2, .values = {{"val/accuracy", 0.75}}});
  record.saved({.step = 8, .monitor = "val/accuracy", .best_value = 0.75, .best_step = 8});
  run.end();
  RunState state = read_run_state(run.paths);
  CHECK(state.status == Status::killed);
  CHECK(state.step == 8);
  CHECK(state.total_steps == 40);
  CHECK(state.time_s == 2);
  CHECK(state.best_step == 8);
  CHECK(state.best_value == 0.75);
  CHECK(state.host == "node7");
  CHECK(state.job->text() == "slurm job 13, task 2");
  CHECK(state.values.size() == 3);

  RunRecord again(run.paths);
  again.started({.step = 8});
  again.finished({.exit = Exit::interrupted, .reason = "stopped by a signal", .step = 12});
  CHECK(read_run_state(run.paths).status == Status::stopped);
  CHECK(read_run_state(run.paths).exit == 85);
  CHECK(read_run_state(run.paths).begun == state.begun);
  again.finished({.exit = Exit::done, .reason = "max_steps (40) reached", .step = 40});
  CHECK(read_run_state(run.paths).status == Status::finished);
  CHECK(read_run_state(run.paths).reason == "max_steps (40) reached");
  again.failed(Exit::io, "a disk");
  CHECK(read_run_state(run.paths).status == Status::failed);
}

TEST_CASE("a record or a newest checkpoint that cannot be read makes a run damaged, and says why") {
  RecordedRun run;
  run.end();
  const auto reason = [&] {
    const RunState state = read_run_state(run.paths);
    CHECK(state.status == Status::damaged);
    const size_t at = state.reason.find(run.paths.folder.string());
    return at == 0 ? "RUN" + state.reason.substr(run.paths.folder.string().size()) : state.reason;
  };
  write(run.paths.record(), "{\"format\": \"dlcli run\"");
  CHECK(reason() == "RUN/run.json: is not the record of a run, version 1");
  std::filesystem::remove(run.paths.record());
  CHECK(read_run_state(run.paths).status == Status::killed);
  std::filesystem::create_directory(run.paths.checkpoints() / "step-00000003");
  CHECK(reason() == "RUN/checkpoints/step-00000003: is no complete checkpoint: it has no manifest.json");
  CHECK(read_run_state(run.paths).step == 3);
}

TEST_CASE("a job goes on with its own run, a task of an array with one of its index, others with the newest") {
  const Folder folder;
  const auto add = [&](const std::optional<BatchJob>& job, bool trained = true) {
    const RunFolder run = RunFolder::create(folder.path, "net", "", "");
    if (trained) std::filesystem::create_directory(run.paths().checkpoints() / "step-00000001");
    RunRecord(run.paths()).started({.job = job});
  };
  const auto name = [&](const std::optional<BatchJob>& job) {
    const std::optional<RunPaths> run = run_to_go_on_with("net", job, folder.path);
    return run ? run->name() : "none";
  };
  const auto job = [](const char* id, const char* task = "") {
    return BatchJob{.system = "slurm", .id = id, .task = task};
  };
  CHECK(name({}) == "none");
  add(job("7"));         // net-1
  add(job("8", "1"));    // net-2
  add(job("8", "2"));    // net-3
  add({});               // net-4
  add(job("9"), false);  // net-5, without a checkpoint
  CHECK(name({}) == "net-4");
  CHECK(name(job("7")) == "net-1");
  CHECK(name(job("9")) == "net-4");
  CHECK(name(job("8", "1")) == "net-2");
  CHECK(name(job("20", "2")) == "net-3");
  CHECK(name(job("20", "3")) == "none");
  CHECK(run_of_job("net", job("8", "2"), folder.path)->name() == "net-3");
  CHECK(!run_of_job("net", job("9"), folder.path));
  CHECK(all_runs(folder.path).size() == 5);
}
