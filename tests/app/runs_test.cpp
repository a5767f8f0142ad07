// Looking at runs: `runs` and `compare`, on folders made here and on a run that is going on.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/config_difference.h"
#include "lib/spec/yaml.h"
#include "tests/app/run_dlcli.h"

using namespace dl::testing;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// A run's folder as training leaves it, but for the checkpoints.
void make_run(
    const fs::path& folder, const std::string& begun, const std::string& state, double accuracy,
    const std::string& resolved = "trainer: {max_epochs: 2, checkpoint: {best: val/accuracy, mode: null}}\n") {
  write(folder / "resolved.yaml", resolved);
  write(folder / "config.yaml", "");
  write(folder / "lock", "");
  write(folder / "metrics.jsonl",
        "{\"step\":10,\"epoch\":0,\"time_s\":1.5,\"val/loss\":0.75,\"val/accuracy\":" + std::to_string(accuracy) +
            "}\n"
            "{\"step\":10,\"epoch\":0,\"time_s\":1.5,\"train/loss_epoch\":0.875}\n"
            "{\"step\":20,\"epoch\":1,\"time_s\":3,\"val/loss\":0.5,\"val/accuracy\":0.25}\n"
            "{\"step\":20,\"epoch\":1,\"time_s\":3,\"train/loss_epoch\":0.625}\n");
  if (state.empty()) return;
  json record = {{"format", "dlcli run"},
                 {"version", 1},
                 {"state", state},
                 {"reason", ""},
                 {"exit", 0},
                 {"step", 20},
                 {"epoch", 2},
                 {"total_steps", 20},
                 {"time_s", 3},
                 {"best", nullptr},
                 {"begun", begun},
                 {"written", begun},
                 {"host", "here"},
                 {"process", 1},
                 {"job", nullptr},
                 {"dlcli", "0.1.0"},
                 {"commit", ""},
                 {"device", "cpu"},
                 {"threads", 2}};
  record["values"] = json::object();
  write(folder / "run.json", record.dump());
}

Finished runs(const Folder& folder, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), "runs");
  return run_dlcli(arguments, folder, {"TZ=UTC"});
}

}  // namespace

TEST_CASE("runs are listed with state, progress and best figure, the newest first") {
  Folder folder;
  make_run(folder / "runs/old-1", "2026-03-01T10:00:00Z", "finished", 0.5);
  make_run(folder / "runs/new-1", "2026-03-03T10:00:00Z", "stopped", 0.75);
  make_run(folder / "runs/new-2", "2026-03-02T10:00:00Z", "failed", 0.5);
  make_run(folder / "runs/late-1", "2026-03-04T10:00:00Z", "running", 0.5);
  const Finished all = runs(folder);
  CHECK(all.exit == 0);
  CHECK(all.err.empty());
  CHECK(all.out ==
        "run     state     epoch  best val/accuracy  latest             begun\n"
        "late-1  killed      2/2             0.5000  0.2500  2026-03-04 10:00\n"
        "new-1   stopped     2/2             0.7500  0.2500  2026-03-03 10:00\n"
        "new-2   failed      2/2             0.5000  0.2500  2026-03-02 10:00\n"
        "old-1   finished    2/2             0.5000  0.2500  2026-03-01 10:00\n");
  CHECK(runs(folder, {"new"}).out ==
        "run    state    epoch  best val/accuracy  latest             begun\n"
        "new-1  stopped    2/2             0.7500  0.2500  2026-03-03 10:00\n"
        "new-2  failed     2/2             0.5000  0.2500  2026-03-02 10:00\n");
  CHECK(runs(folder, {"runs/old-1"}).out == runs(folder, {"old-1"}).out);
  CHECK(runs(folder, {"runs"}).out == all.out);
  const json shown = json::parse(runs(folder, {"old-1", "--json"}).out).at("runs").at(0);
  CHECK(shown.at("name") == "old-1");
  CHECK(shown.at("folder") == "runs/old-1");
  CHECK(shown.at("state") == "finished");
  CHECK(shown.at("host") == "here");
  CHECK(shown.at("step") == 20);
  CHECK(shown.at("epochs") == 2);
  CHECK(shown.at("best") == 0.5);
  CHECK(shown.at("latest") == 0.25);
  CHECK(shown.at("begun") == "2026-03-01T10:00:00Z");
  CHECK(shown.at("values").at("train/loss_epoch") == 0.625);
}

TEST_CASE("folders that are no runs, and damaged ones, are named and end nothing") {
  Folder folder;
  make_run(folder / "runs/good-1", "2026-03-01T10:00:00Z", "finished", 0.5);
  write(folder / "runs/other/readme", "");
  make_run(folder / "runs/bad-1", "2026-03-02T10:00:00Z", "", 0.5, "trainer: {max_epochs: [\n");
  make_run(folder / "runs/dirty-1", "", "", 0.5);
  write(folder / "runs/dirty-1/metrics.jsonl", "no json\n");
  write(folder / "runs/file", "");
  const Finished all = runs(folder);
  CHECK(all.exit == 0);
  CHECK(all.out.find("good-1   finished    2/2") != std::string::npos);
  CHECK(all.out.find("dirty-1  empty       0/2") != std::string::npos);
  CHECK(all.out.find("\nruns/bad-1: damaged: resolved.yaml: ") != std::string::npos);
  CHECK(all.out.ends_with("\nruns/other: no run: there is no resolved.yaml in it\n"));
  CHECK(json::parse(runs(folder, {"--json"}).out).at("unread").size() == 2);
  Folder empty;
  CHECK(runs(empty).out == "there are no runs in runs\n");
  CHECK(runs(empty, {"nothing"}).err ==
        "error: there is no run 'nothing'\n  runs in runs: none\n  help: name one of them, or a run's folder\n");
}

TEST_CASE("a run that is going on is running, and looking at it does it no harm") {
  Folder folder;
  Process process({"train", source_dir() + "/tests/app/tiny.yaml", "--set", "trainer.max_epochs=1000000"}, folder);
  while (process.out().find("epoch 2/") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  json run = json::parse(runs(folder, {"--json"}).out).at("runs").at(0);
  CHECK(run.at("state") == "running");
  CHECK(run.at("host").is_string());
  CHECK(run.at("best") > 0.1);
  process.signal(SIGKILL);
  process.wait();
  CHECK(json::parse(runs(folder, {"--json"}).out).at("runs").at(0).at("state") == "killed");
}

TEST_CASE("compare names the keys that differ and sets the figures side by side") {
  Folder folder;
  make_run(folder / "runs/a-1", "2026-03-01T10:00:00Z", "finished", 0.5,
           "seed: 1\ntrainer: {max_epochs: 2}\noptimizer: {sgd: {lr: 0.1}}\n");
  make_run(folder / "runs/a-2", "2026-03-01T11:00:00Z", "finished", 0.75,
           "seed: 1\ntrainer: {max_epochs: 2}\noptimizer: {adam: {lr: 0.001}}\n");
  const Finished compared = run_dlcli({"compare", "a-1", "a-2"}, folder);
  CHECK(compared.exit == 0);
  CHECK(compared.out ==
        "key             a-1          a-2\n"
        "optimizer.sgd   {\"lr\": 0.1}  -\n"
        "optimizer.adam  -            {\"lr\": 0.001}\n"
        "\n"
        "figure            a-1                  a-2\n"
        "val/loss          0.5000               0.5000\n"
        "val/accuracy      0.2500, best 0.5000  0.2500, best 0.7500\n"
        "train/loss_epoch  0.6250               0.6250\n"
        "parameters        -                    -\n"
        "steps             20                   20\n"
        "time              3 s                  3 s\n"
        "state             finished             finished\n");
  const json shown = json::parse(run_dlcli({"compare", "a-1", "a-2", "--json"}, folder).out);
  CHECK(shown.at("differences").at("optimizer.sgd") == json::parse("[\"{\\\"lr\\\": 0.1}\", null]"));
  CHECK(shown.at("runs").at(1).at("best").at("val/accuracy").at("step") == 10);
  CHECK(run_dlcli({"compare", "a-1"}, folder).err ==
        "error: dlcli compare: expected two runs or more, got one\n"
        "  help: write 'dlcli compare a-1 RUN'; 'dlcli runs' lists them\n");
  CHECK(run_dlcli({"compare", "a-1", "a-1"}, folder).out.starts_with("the configs are the same\n"));
  const Finished of_layers = run_dlcli({"compare", "a-1", "a-2", "--tolerance", "0.5"}, folder);
  CHECK(of_layers.exit == 2);
  CHECK(of_layers.err ==
        "error: --tolerance: is of what layers give, not of configs and figures\n"
        "  help: add --activations, or leave it out\n");
  CHECK(run_dlcli({"compare", "a-1", "a"}, folder).out == compared.out);  // neither has a checkpoint
  CHECK(run_dlcli({"check", "a"}, folder).err.find("runs/a-2/resolved.yaml") != std::string::npos);
}

TEST_CASE("a figure that is no number is null in JSON") {
  Folder folder;
  make_run(folder / "runs/a-1", "2026-03-01T10:00:00Z", "finished", 0.5);
  write(folder / "runs/a-1/metrics.jsonl", "{\"step\":10,\"epoch\":0,\"time_s\":1.5,\"val/loss\":null}\n");
  CHECK(json::parse(runs(folder, {"--json"}).out).at("runs").at(0).at("values").at("val/loss").is_null());
  const json compared = json::parse(run_dlcli({"compare", "a-1", "a-1", "--json"}, folder).out);
  CHECK(compared.at("runs").at(0).at("values").at("val/loss").is_null());
}

TEST_CASE("a layer that one config has more is one difference") {
  const dl::Node a = dl::parse_yaml("model: [flatten, {linear: 3}, relu, {linear: 10}]\nseed: 1", "a"),
                 b = dl::parse_yaml("model: [flatten, {linear: 3}, relu, {dropout: 0.5}, {linear: 10}]\nseed: 1", "b"),
                 c = dl::parse_yaml("model: [flatten, {linear: 4}, relu, {linear: 10}]", "c");
  const auto one = dl::config_differences({&a, &b});
  REQUIRE(one.size() == 1);
  CHECK(one[0].key == "model[3]");
  CHECK(!one[0].values[0]);
  CHECK(one[0].values[1] == "{\"dropout\": 0.5}");
  const auto two = dl::config_differences({&a, &c});
  REQUIRE(two.size() == 2);
  CHECK(two[0].key == "model[1].linear");
  CHECK(two[0].values[1] == "4");
  CHECK(two[1].key == "seed");
  CHECK(!two[1].values[1]);
  CHECK(dl::config_differences({&a, &a, &a}).empty());
}
