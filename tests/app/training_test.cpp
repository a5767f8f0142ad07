// Whole runs by the built binary, on handwritten digits: train, evaluate, predict, stop, resume.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const std::string tiny = source_dir() + "/tests/app/tiny.yaml";

fs::path newest_checkpoint(const fs::path& run) {
  fs::path newest;
  for (const fs::directory_entry& entry : fs::directory_iterator(run / "checkpoints"))
    if (entry.path().filename() > newest.filename()) newest = entry.path();
  return newest;
}

}  // namespace

TEST_CASE("a config is trained, evaluated and used") {
  Folder folder;
  const Finished trained = run_dlcli({"train", tiny}, folder);
  REQUIRE(trained.exit == 0);
  CHECK(trained.err.empty());
  CHECK(trained.out.starts_with("tiny-1: 1,210 parameters, 1,293 samples, 144 for validation, batches of 32, cpu:\n"));
  for (const std::string part :
       {"\ndlcli ", "\n  3      linear   [10]              170    330\n", "\n             train             val\n",
        "\n             loss  accuracy    loss  accuracy      time\n", "\nepoch 1/3  ", "\nepoch 2/3  ",
        "\nepoch 3/3  ", "  best, saved\n", "\ndone: max_epochs (3) reached; 123 steps in ", "\n  train/loss ",
        "\nbest val/accuracy 0."})
    CHECK_MESSAGE(trained.out.find(part) != std::string::npos, part);
  CHECK(trained.out.ends_with("\nrun folder: runs/tiny-1\nnext: dlcli eval tiny-1\n"));
  for (const std::string& line : lines_of(trained.out)) CHECK_MESSAGE(line.size() <= 80, line);

  SUBCASE("eval gives the figures of a split, for people and as JSON") {
    const Finished text = run_dlcli({"eval", "tiny"}, folder);
    CHECK(text.exit == 0);
    CHECK(text.out.starts_with("tiny-1, step "));
    const json result = json::parse(run_dlcli({"eval", "tiny-1", "--json"}, folder).out);
    CHECK(result.at("split") == "test");
    CHECK(result.at("samples") == 360);
    CHECK(result.at("values").at("test/accuracy") > 0.75);
    const json last =
        json::parse(run_dlcli({"eval", tiny, "--split", "val", "--checkpoint", "last", "--json"}, folder).out);
    CHECK(last.at("step") == 123);
    CHECK(last.at("samples") == 144);
    const std::string checkpoint = newest_checkpoint(folder / "runs/tiny-1");
    CHECK(json::parse(run_dlcli({"eval", checkpoint, "--json"}, folder).out).at("step") == 123);
  }

  SUBCASE("predict writes a line for each sample of a split") {
    const std::vector<std::string> csv = lines_of(run_dlcli({"predict", "tiny", "--data", "test"}, folder).out);
    REQUIRE(csv.size() == 361);
    CHECK(csv[0] == "input,class,probability,target");
    CHECK(csv[1].starts_with("0,"));
    const std::string file = folder / "out.jsonl";
    const Finished written =
        run_dlcli({"predict", "tiny", "--data", "test", "--format", "jsonl", "--all", "-o", file}, folder);
    CHECK(written.exit == 0);
    CHECK(written.out.empty());
    const std::vector<std::string> records = lines_of(text_of(file));
    REQUIRE(records.size() == 360);
    const json first = json::parse(records[0]);
    CHECK(first.at("probabilities").size() == 10);
    double sum = 0;
    for (const auto& [name, probability] : first.at("probabilities").items()) sum += probability.get<double>();
    CHECK(sum == doctest::Approx(1));
    CHECK(first.at("probabilities").at(first.at("class").get<std::string>()) == first.at("probability"));
  }

  SUBCASE("predict reads image files and folders of them") {
    write(folder / "images/b.pgm", "P5\n8 8\n255\n" + std::string(64, '\x40'));
    write(folder / "images/a.pgm", "P5\n16 16\n255\n" + std::string(256, '\x80'));
    const std::vector<std::string> csv = lines_of(run_dlcli({"predict", "tiny", "images", "images/b.pgm"}, folder).out);
    REQUIRE(csv.size() == 4);
    CHECK(csv[1].starts_with("images/a.pgm,"));
    CHECK(csv[2].starts_with("images/b.pgm,"));
    CHECK(csv[2] == csv[3]);
    write(folder / "images/c.png", "no image");
    const Finished broken = run_dlcli({"predict", "tiny", "images"}, folder);
    CHECK(broken.exit == 3);
    CHECK(broken.err.find("images/c.png") != std::string::npos);
    const Finished missing = run_dlcli({"predict", "tiny", "nothing.png"}, folder);
    CHECK(missing.exit == 2);
    CHECK(missing.err == "error: nothing.png: there is no such file or folder\n");
  }

  SUBCASE("a second run has a folder of its own") {
    CHECK(run_dlcli({"train", tiny, "--quiet", "--set", "trainer.max_epochs=1"}, folder).exit == 0);
    CHECK(fs::exists(folder / "runs/tiny-2/metrics.jsonl"));
    CHECK(run_dlcli({"train", tiny, "--quiet", "--name", "other"}, folder).exit == 0);
    CHECK(fs::exists(folder / "runs/other-1"));
  }

  SUBCASE("a run that is not there is named with those that are") {
    const Finished finished = run_dlcli({"eval", "tyni"}, folder);
    CHECK(finished.exit == 2);
    CHECK(finished.out.empty());
    CHECK(finished.err.find("tiny-1") != std::string::npos);
  }
}

TEST_CASE("a run that was stopped and resumed ends with the same weights as one that was not") {
  Folder folder;
  REQUIRE(run_dlcli({"train", tiny, "--quiet"}, folder).exit == 0);
  REQUIRE(run_dlcli({"train", tiny, "--quiet", "--name", "cut", "--set", "trainer.max_steps=50"}, folder).exit == 0);
  const Finished resumed = run_dlcli({"train", "--resume=cut-1", "--set", "trainer.max_steps=null", "--json"}, folder);
  REQUIRE(resumed.exit == 0);
  CHECK(resumed.err.find("resumed from runs/cut-1/checkpoints/step-00000050 at step 50") != std::string::npos);
  CHECK(json::parse(resumed.out).at("step") == 123);
  const std::string whole = text_of(newest_checkpoint(folder / "runs/tiny-1") / "model.safetensors");
  CHECK(!whole.empty());
  CHECK(whole == text_of(newest_checkpoint(folder / "runs/cut-1") / "model.safetensors"));
}

TEST_CASE("a signal ends a run after saving, and it can be resumed") {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU}) {
    CAPTURE(signal);
    Folder folder;
    Process process({"train", tiny, "--set", "trainer.max_epochs=1000000"}, folder);
    while (process.out().find("epoch 2/") == std::string::npos)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    process.signal(SIGHUP);  // a terminal that goes away ends nothing
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    process.signal(signal);
    const Finished stopped = process.wait();
    CHECK(stopped.exit == 85);
    CHECK(stopped.err.ends_with(": finishing the step and saving; the third signal ends at once, without saving\n"));
    CHECK(stopped.out.find("\nstopped by a signal; ") != std::string::npos);
    CHECK(stopped.out.ends_with("\nnext: dlcli train --resume=tiny-1\n"));
    const json resumed = json::parse(run_dlcli({"train", "--resume=tiny-1", "--quiet", "--json", "--set",
                                                "trainer.max_epochs=null", "--set", "trainer.max_time=50 ms"},
                                               folder)
                                         .out);
    CHECK(resumed.at("exit") == 86);
  }
}

TEST_CASE("a run that another process writes is not resumed") {
  Folder folder;
  Process process({"train", tiny, "--set", "trainer.max_epochs=1000000"}, folder);
  while (process.out().find("epoch 2/") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const Finished second = run_dlcli({"train", "--resume=tiny-1"}, folder);
  CHECK(second.exit == 87);
  CHECK(second.out.empty());
  CHECK(second.err.starts_with("error: runs/tiny-1/lock: held by process "));
}

TEST_CASE("a run without a checkpoint is begun anew, beside it") {
  Folder folder;
  REQUIRE(run_dlcli({"train", tiny, "--quiet"}, folder).exit == 0);
  fs::remove_all(folder / "runs/tiny-1/checkpoints");
  const Finished again = run_dlcli({"train", tiny, "--resume", "--quiet"}, folder);
  CHECK(again.exit == 0);
  CHECK(again.err == "warning: tiny-1 has no checkpoint to go on from; a new run begins\n");
  CHECK(again.out.find("run folder: runs/tiny-2") != std::string::npos);
}

TEST_CASE("a reader of the output that goes away does not end a run") {
  Folder folder;
  const std::string train = "cd " + folder.path.string() + " && DLCLI_DATA=" + source_dir() + "/datasets " +
                            dlcli_binary() + " train " + tiny;
  CHECK(std::system((train + " > /dev/full 2> /dev/full").c_str()) == 0);
  CHECK(fs::exists(folder / "runs/tiny-1/checkpoints/step-00000123"));
  CHECK(std::system(
            ("(" + train + "; echo $? > rc) | true; test \"$(cat " + (folder / "rc").string() + ")\" = 0").c_str()) ==
        0);
}

TEST_CASE("a result that cannot be written is a failure, but for a reader that has seen enough") {
  CHECK(WEXITSTATUS(std::system((dlcli_binary() + " version > /dev/full 2> /dev/null").c_str())) == 4);
  CHECK(std::system(("sh -c '" + dlcli_binary() + " describe all; test $? = 0' | head -n 1 > /dev/null").c_str()) == 0);
}

TEST_CASE("fast_dev_run does a little of everything and keeps nothing") {
  Folder folder;
  const Finished finished = run_dlcli({"train", tiny, "--set", "trainer.fast_dev_run=true"}, folder);
  CHECK(finished.exit == 0);
  CHECK(finished.out.find("nothing was kept") != std::string::npos);
  CHECK(fs::is_empty(folder.path));
}
