// How runs begin, are found and go on.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "lib/base/error.h"
#include "tests/app/run_dlcli.h"

using dl::concat;
using namespace dl::testing;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const std::string resume_config = R"(
data: {train: {format: random, shape: [8], dtype: f32, classes: 3, samples: 256}, validation: {last: 64}, batch_size: 16}
model: [{linear: 8}, relu, {dropout: 0.2}, {linear: 3}]
loss: cross_entropy
optimizer: {adamw: {lr: 1e-3}}
trainer: {max_epochs: 2, threads: 1, checkpoint: {every: 3 steps, keep: 2}}
)";

struct Workplace : Folder {
  Workplace() { write("c.yaml", resume_config); }

  Finished train(std::vector<std::string> arguments, const std::vector<std::string>& environment = {}) const {
    arguments.insert(arguments.begin(), "train");
    arguments.push_back("--quiet");
    return run_dlcli(arguments, path, environment);
  }
  std::string run_of(const Finished& finished) const {
    const size_t at = finished.out.find("run folder: ");
    return at == std::string::npos ? "none" : finished.out.substr(at + 12, finished.out.find('\n', at) - at - 12);
  }
  json record(const std::string& run) const { return json::parse(text_of(path / run / "run.json")); }
  std::string checkpoint(const std::string& run) const {
    std::string last;
    for (const auto& entry : fs::directory_iterator(path / run / "checkpoints"))
      last = std::max(last, entry.path().string());
    return last;
  }
};

}  // namespace

TEST_CASE("--resume=auto begins where there is nothing, and goes on where there is") {
  const Workplace place;
  CHECK(place.run_of(place.train({"c.yaml", "--resume=auto", "--set", "trainer.max_steps=7"})) == "runs/c-1");
  CHECK(place.run_of(place.train({"c.yaml", "--resume=auto", "--set", "trainer.max_steps=null"})) == "runs/c-1");
  CHECK(place.record("runs/c-1").at("step") == 24);
  const Finished again = place.train({"c.yaml", "--resume=auto"});
  CHECK(again.exit == 0);
  CHECK(again.out ==
        "c-1 has already finished: max_epochs (2) reached, step 24; '--set trainer.max_epochs=N' goes on\n"
        "run folder: runs/c-1\nnext: dlcli eval --split val c-1\n");
  CHECK(place.run_of(place.train({"c.yaml", "--resume=auto", "--name", "other"})) == "runs/other-1");

  SUBCASE("checkpoints that are all damaged are not nothing, named or not") {
    for (const auto& entry : fs::directory_iterator(place / "runs/c-1/checkpoints"))
      write(entry.path() / "state.json", "{}");
    for (const char* resume : {"--resume=auto", "--resume", "--resume=c-1"}) {
      const Finished damaged = place.train({"c.yaml", resume});
      CHECK(damaged.exit == 3);
      CHECK(damaged.err.starts_with("error: runs/c-1/checkpoints: no checkpoint is whole, of 2\n"));
    }
    CHECK(!fs::exists(place / "runs/c-2"));
  }
  SUBCASE("a folder of checkpoints that cannot be read is not nothing") {
    fs::remove_all(place / "runs/c-1/checkpoints");
    write(place / "runs/c-1/checkpoints", "no folder");
    for (const char* resume : {"--resume=auto", "--resume=c-1"}) CHECK(place.train({"c.yaml", resume}).exit == 4);
  }
  SUBCASE("a name beside the run that goes on is refused") {
    const Finished named = place.train({"--resume=c-1", "--name", "x"});
    CHECK(named.exit == 2);
    CHECK(named.err ==
          "error: --name: names a new run, and --resume=c-1 goes on with one that has a name\n"
          "  help: leave --name out\n");
  }
}

TEST_CASE("a job that is started again finds its own run, and without --resume is told of it") {
  const Workplace place;
  const auto job = [](const char* id, const char* task, const char* restarts = "0") {
    return std::vector<std::string>{concat("SLURM_ARRAY_JOB_ID=", id), concat("SLURM_ARRAY_TASK_ID=", task),
                                    concat("SLURM_JOB_ID=", id, task), concat("SLURM_RESTART_COUNT=", restarts)};
  };
  const std::vector<std::string> train{"c.yaml", "--resume=auto", "--set", "trainer.max_steps=5"};
  CHECK(place.run_of(place.train(train, job("7", "0"))) == "runs/c-1");
  CHECK(place.run_of(place.train(train, job("7", "1"))) == "runs/c-2");
  const std::vector<std::string> longer{"c.yaml", "--resume=auto", "--set", "trainer.max_steps=9"};
  CHECK(place.run_of(place.train(longer, job("7", "0", "1"))) == "runs/c-1");
  CHECK(place.record("runs/c-1").at("job") == json{{"system", "slurm"}, {"id", "7"}, {"task", "0"}, {"restarts", 1}});
  CHECK(place.run_of(place.train(longer, job("8", "1"))) == "runs/c-2");
  const Finished plain = place.train({"c.yaml"}, job("8", "1", "1"));
  CHECK(plain.err ==
        "warning: c-2 is a run of this very job (slurm job 8, task 1), and another one begins now; "
        "'--resume=auto' goes on with it\n");
  CHECK(place.run_of(plain) == "runs/c-3");
}

TEST_CASE("a start that fails leaves no folder, and a folder without a checkpoint is never the newest") {
  const Workplace place;
  REQUIRE(place.train({"c.yaml"}).exit == 0);
  CHECK(place.train({"c.yaml", "--device", "cuda"}).exit == 2);
  CHECK(place.train({"c.yaml", "--set", "optimizer.adamw.lr=no"}).exit == 2);
  CHECK(!fs::exists(place / "runs/c-2"));
  fs::create_directories(place / "runs/c-2");
  CHECK(run_dlcli({"eval", "c", "--split", "val"}, place).out.starts_with("c-1, step 24, "));
  CHECK(place.run_of(place.train({"c.yaml", "--resume", "--set", "trainer.max_epochs=3"})) == "runs/c-1");
  const Finished named = run_dlcli({"eval", "c-2"}, place);
  CHECK(named.exit == 2);
  CHECK(named.err ==
        "error: runs/c-2: is no run: it has no resolved.yaml\n"
        "  help: name another run; a run that was ended before it began may be removed\n");
}

TEST_CASE("a run that is named to go on takes no other weights or name") {
  const Workplace place;
  REQUIRE(place.train({"c.yaml", "--set", "trainer.max_steps=3"}).exit == 0);
  const Finished weights = place.train({"--resume=c-1", "--set", "init_from.path=w.pt"});
  CHECK(weights.exit == 2);
  CHECK(weights.err ==
        "error: --set init_from.path=w.pt: init_from.path: a run that goes on has the weights of its checkpoint\n"
        "  help: begin another run with it\n");
  CHECK(place.train({"--resume=c-1", "--set", "name=other"}).err ==
        "error: --set name=other: name: a run that goes on has its name\n  help: leave it out\n");
}

TEST_CASE("runs are made in and found in the folder of --runs, and what comes next is told as a shell takes it") {
  const Workplace place;
  const Finished trained = place.train({"c.yaml", "--runs", "my runs", "--name", "it's"});
  CHECK(trained.out.ends_with("run folder: my runs/it's-1\nnext: dlcli eval --split val 'my runs/it'\\''s-1'\n"));
  CHECK(run_dlcli({"eval", "it's", "--runs", "my runs", "--split", "val"}, place).exit == 0);
  CHECK(run_dlcli({"eval", "--split", "val", "my runs/it's-1"}, place).exit == 0);
  CHECK(run_dlcli({"eval", "it's", "--split", "val"}, place).exit == 2);
}

TEST_CASE(
    "of several tasks that a launcher started, the first trains and the others refuse before anything is written") {
  const Workplace place;
  const Finished second = place.train({"c.yaml"}, {"SLURM_PROCID=1", "SLURM_NTASKS=2"});
  CHECK(second.exit == 2);
  CHECK(
      second.err ==
      "error: dlcli train: this is task 1 of 0 to 1 (SLURM_PROCID), and a run is trained by one task: the first "
      "trains, this one ends\n"
      "  help: start one task with all cores: 'srun -n 1 -c 8 dlcli train …'; for several runs at once, a job array\n");
  CHECK(!fs::exists(place / "runs"));
  const Finished first = place.train({"c.yaml"}, {"OMPI_COMM_WORLD_RANK=0", "OMPI_COMM_WORLD_SIZE=2"});
  CHECK(first.exit == 0);
  CHECK(first.err ==
        "warning: of 2 tasks (OMPI_COMM_WORLD_RANK) this one trains and the others end; start one: 'srun -n 1'\n");
}

TEST_CASE("a signal sent twice, as timeout and srun do, saves; the third ends at once") {
  const Workplace place;
  const std::vector<std::string> endless{"train", "c.yaml", "--set", "trainer.max_epochs=100000000"};
  const auto begun = [&](const Process& process) {
    while (process.out().find("epoch 1/") == std::string::npos)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) {
    CAPTURE(signal);
    Process process(endless, place);
    begun(process);
    process.signal(signal);
    process.signal(signal);
    CHECK(process.wait().exit == 85);
  }
  write(place / "slow.yaml", R"(
data: {train: {format: random, shape: [4096], dtype: f32, classes: 3, samples: 8192}, batch_size: 4096}
model: [{linear: 4096}, {linear: 3}]
loss: cross_entropy
optimizer: {sgd: {lr: 1e-3}}
trainer: {max_epochs: 1000, threads: 1}
)");
  Process slow({"train", "slow.yaml"}, place);
  while (!fs::exists(place / "runs/slow-1/run.json")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // a stop before the first step needs none
  for (int i = 0; i < 3; ++i) {                                 // within its first steps, which take seconds
    slow.signal(SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  const Finished ended = slow.wait();
  CHECK(ended.exit == 128 + SIGTERM);
  CHECK(ended.err ==
        "SIGTERM: finishing the step and saving; the third signal ends at once, without saving\n"
        "SIGTERM: still at it; the next signal ends at once, without saving\n");
}

TEST_CASE("a network that explodes says at which step, what was kept and what to lower") {
  const Workplace place;
  const Finished exploded = place.train({"c.yaml", "--set", "optimizer.adamw.lr=1e30"});
  CHECK(exploded.exit == 5);
  CHECK(exploded.err ==
        "warning: --set optimizer.adamw.lr=1e30: optimizer.adamw.lr: a learning rate of 1e+30 is more than 'adamw' "
        "bears\n"
        "  help: lower it; begin with 0.001\n"
        "error: c-1: the loss became NaN at step 2\n"
        "  no checkpoint was written before\n"
        "  help: lower the learning rate, which was 1e+30, or bound the gradients: 'trainer.gradient_clip_val: 1'; "
        "'trainer.detect_anomaly: true' tells where it begins\n");
  CHECK(place.record("runs/c-1").at("state") == "failed");
  const Finished watched =
      place.train({"c.yaml", "--set", "optimizer.adamw.lr=1e30", "--set", "trainer.detect_anomaly=true"});
  CHECK(watched.err.find("error: c-2: the loss became NaN at step 2\n  it began in what the layer '") !=
        std::string::npos);
  CHECK(watched.err.find("detect_anomaly") == std::string::npos);
}

TEST_CASE("a run whose folder is moved away ends at the next save and writes nothing in its old place") {
  const Workplace place;
  Process process(
      {"train", "c.yaml", "--set", "trainer.max_epochs=100000000", "--set", "trainer.checkpoint.every=50 ms"}, place);
  const auto saved = [&] {  // what is still being built has another name
    return fs::exists(place / "runs/c-1/checkpoints") &&
           fs::path(place.checkpoint("runs/c-1")).filename().string().starts_with("step-");
  };
  while (!saved()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  fs::rename(place / "runs/c-1", place / "runs/kept");
  const Finished moved = process.wait();
  CHECK(moved.exit == 4);
  CHECK(moved.err.find("error: runs/c-1: was moved or removed while the run was writing to it\n") != std::string::npos);
  CHECK(!fs::exists(place / "runs/c-1"));
  const Finished evaluated = run_dlcli({"eval", "kept", "--split", "val"}, place);
  INFO(evaluated.err);
  CHECK(evaluated.exit == 0);
}
