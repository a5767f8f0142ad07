// dlcli average as a user calls it: a run of the mean of several's weights, and what is refused.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/interop/safetensors.h"
#include "tests/app/run_dlcli.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string config_of(int outputs) {
  return "data: {train: {format: random, shape: [3], targets: " + std::to_string(outputs) +
         ", samples: 8}, batch_size: 4}\nmodel: [{linear: " + std::to_string(outputs) +
         "}, batch_norm]\nloss: mse\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 2}\n";
}

std::vector<float> weights_of(const Folder& folder, const std::string& run, const std::string& name) {
  return SafetensorsFile(folder / ("runs/" + run + "/checkpoints/step-" +
                                   (run.find("average") != run.npos ? "00000000" : "00000002") + "/model.safetensors"))
      .read_f32(name);
}

}  // namespace

TEST_CASE(
    "average makes a run of the mean of runs' weights and running averages, which is evaluated and trained further") {
  const Folder folder;
  folder.write("net.yaml", config_of(2));
  for (const std::string seed : {"1", "2", "3"})
    REQUIRE(run_dlcli({"train", "net.yaml", "--quiet", "--set", "seed=" + seed}, folder).exit == 0);
  const Finished done = run_dlcli({"average", "net-1", "net-2", "net-3"}, folder);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  CHECK(done.out.starts_with("the mean of 3 networks of 12 parameters\nrun folder: "));
  CHECK(done.out.ends_with("next: dlcli eval --split train net-average-1\n"));
  for (const std::string name : {"0.weight", "1.running_var"}) {
    const auto a = weights_of(folder, "net-1", name), b = weights_of(folder, "net-2", name),
               c = weights_of(folder, "net-3", name), mean = weights_of(folder, "net-average-1", name);
    REQUIRE(mean.size() == a.size());
    for (size_t i = 0; i < mean.size(); ++i) CHECK(mean[i] == doctest::Approx((a[i] + b[i] + c[i]) / 3).epsilon(1e-6));
  }
  CHECK(run_dlcli({"eval", "net-average-1", "--split", "train"}, folder).exit == 0);
  const Finished further = run_dlcli({"train", "runs/net-average-1/config.yaml", "--quiet"}, folder);
  CHECK_MESSAGE(further.exit == 0, further.err);
}

TEST_CASE("average refuses networks of other shapes, and runs whose weights stand beside an average") {
  const Folder folder;
  folder.write("net.yaml", config_of(2));
  folder.write("wide.yaml", config_of(4));
  REQUIRE(run_dlcli({"train", "net.yaml", "--quiet"}, folder).exit == 0);
  REQUIRE(run_dlcli({"train", "wide.yaml", "--quiet"}, folder).exit == 0);
  const Finished other = run_dlcli({"average", "net-1", "wide-1"}, folder);
  CHECK(other.exit == 2);
  CHECK(other.err ==
        "error: wide-1: holds the weights of another model than 'net-1': '0.weight' is [4, 3], there [2, 3]\n"
        "  help: average runs of one model\n");
  REQUIRE(
      run_dlcli({"train", "net.yaml", "--quiet", "--name", "tanh", "--set", "model=[{linear: 2}, tanh, batch_norm]"},
                folder)
          .exit == 0);
  REQUIRE(
      run_dlcli({"train", "net.yaml", "--quiet", "--name", "relu", "--set", "model=[{linear: 2}, relu, batch_norm]"},
                folder)
          .exit == 0);
  CHECK(run_dlcli({"average", "tanh-1", "relu-1"}, folder).err ==
        "error: relu-1: holds the weights of another model than 'tanh-1': its layers compute something else with the "
        "same shapes\n  help: average runs of one model\n");
  REQUIRE(run_dlcli({"train", "net.yaml", "--quiet", "--set", "trainer.ema=0.9"}, folder).exit == 0);
  const Finished averaged = run_dlcli({"average", "net-2", "net-1"}, folder);
  CHECK(averaged.exit == 2);
  CHECK(
      averaged.err ==
      "error: net-2: keeps an average of its weights beside them, as ema does\n  help: average runs that keep none\n");
  CHECK(run_dlcli({"average", "net-1", "net-2"}, folder).err == averaged.err);
  CHECK(run_dlcli({"average", "net-1"}, folder).exit == 2);
  CHECK(run_dlcli({"average", "net-1", "tanh-1", "runs/net-1/"}, folder).exit == 2);
  CHECK(run_dlcli({"average", "net-1", "runs/net-1/"}, folder).err ==
        "error: runs/net-1/: is the checkpoint that 'net-1' is: runs/net-1/checkpoints/step-00000002\n"
        "  help: name each of them once\n");
}

TEST_CASE("a name that no folder can have is refused before anything is made") {
  const Folder folder;
  folder.write("net.yaml", config_of(2));
  for (const std::string seed : {"1", "2"})
    REQUIRE(run_dlcli({"train", "net.yaml", "--quiet", "--set", "seed=" + seed}, folder).exit == 0);
  const Finished slash = run_dlcli({"average", "net-1", "net-2", "--name", "a/b"}, folder);
  CHECK(slash.exit == 2);
  CHECK(slash.err ==
        "error: name: 'a/b' cannot name a folder\n  help: write a name without '/' that does not begin with '.'\n");
  const Finished longer = run_dlcli({"train", "net.yaml", "--name", std::string(241, 'a')}, folder);
  CHECK(longer.exit == 2);
  CHECK(longer.err.ends_with(": name: expected at most 240 bytes, got 241\n  help: write a shorter name\n"));
}

TEST_CASE("what comes next is told as a shell takes it here: a run elsewhere by its folder, a name in quotes") {
  const Folder folder;
  folder.write("net.yaml", config_of(2));
  for (const std::string seed : {"1", "2"})
    REQUIRE(run_dlcli({"train", "net.yaml", "--quiet", "--runs", "their runs", "--set", "seed=" + seed}, folder).exit ==
            0);
  const Finished done = run_dlcli({"average", "net-1", "net-2", "--runs", "their runs", "--name", "-mean"}, folder);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
  CHECK(done.out.ends_with("run folder: their runs/-mean-1\nnext: dlcli eval --split train 'their runs/-mean-1'\n"));
  CHECK(run_dlcli({"eval", "--split", "train", "their runs/-mean-1"}, folder).exit == 0);
}

TEST_CASE("a run whose weights were averaged is not gone on with, but begun from") {
  const Folder folder;
  folder.write("net.yaml", config_of(2));
  for (const std::string seed : {"1", "2"})
    REQUIRE(
        run_dlcli({"train", "net.yaml", "--quiet", "--set", "seed=" + seed, "--set", "optimizer=adam"}, folder).exit ==
        0);
  REQUIRE(run_dlcli({"average", "net-1", "net-2"}, folder).exit == 0);
  const Finished done = run_dlcli({"train", "--resume=net-average-1"}, folder);
  CHECK(done.exit == 2);
  CHECK(done.err ==
        "error: runs/net-average-1/checkpoints/step-00000000/optimizer.safetensors: holds no state of an optimizer: it "
        "is of "
        "weights that were imported or averaged, or of one that has none\n"
        "  help: begin a run with them: dlcli train runs/net-average-1/config.yaml\n");
}

TEST_CASE("average refuses runs that were trained on data of other classes or columns") {
  const Folder folder;
  folder.write("a.csv", "x,kind\n1,p\n2,q\n3,p\n4,q\n");
  folder.write("b.csv", "x,kind\n1,q\n2,r\n3,q\n4,r\n");
  for (const std::string file : {"a", "b"}) {
    folder.write(file + ".yaml", "data: {train: {format: csv, path: " + file +
                                     ".csv, target: kind}, batch_size: 4}\nmodel: [{linear: 2}]\n"
                                     "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n");
    REQUIRE(run_dlcli({"train", file + ".yaml", "--quiet"}, folder).exit == 0);
  }
  const Finished other = run_dlcli({"average", "a-1", "b-1"}, folder);
  CHECK(other.exit == 2);
  CHECK(other.err ==
        "error: b-1: was trained on other data than 'a-1', of which data.fitted.target.categories[0] is q, there p\n"
        "  help: average runs of one training set\n");
}
