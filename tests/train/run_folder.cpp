// The folders of runs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/run_folder.h"

#include <doctest/doctest.h>

#include "lib/train/kept/checkpoint.h"
#include "tests/file_size_limit.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a new run gets the next number and never an old folder") {
  const Folder folder;
  const std::filesystem::path runs = folder.path / "runs";
  const RunFolder first = RunFolder::create(runs, "net", "resolved", "config");
  CHECK(first.paths().name() == "net-1");
  CHECK(text_of(first.paths().config()) == "config");
  CHECK(text_of(first.paths().resolved()) == "resolved");
  CHECK(RunFolder::create(runs, "net", "", "").paths().name() == "net-2");
  std::filesystem::create_directory(runs / "net-9");
  std::filesystem::create_directory(runs / "net-x");
  std::filesystem::create_directory(runs / "net-1-30");
  CHECK(RunFolder::create(runs, "net", "", "").paths().name() == "net-10");
  CHECK(RunFolder::create(runs, "net-1", "", "").paths().name() == "net-1-31");
}

TEST_CASE("a run that cannot be begun leaves no folder behind") {
  const Folder folder;
  const std::string config(1 << 16, 'x');
  {
    const FileSizeLimit limit(1 << 12);
    CHECK_THROWS_AS(RunFolder::create(folder.path / "runs", "net", "", config), Error);
  }
  CHECK(std::filesystem::is_empty(folder.path / "runs"));
  CHECK(RunFolder::create(folder.path / "runs", "net", "", config).paths().name() == "net-1");
}

TEST_CASE("a run's folder is held by one process at a time") {
  const Folder folder;
  auto open = [&] { return RunFolder::open(folder.path / "runs" / "net-1"); };
  {
    const RunFolder held = RunFolder::create(folder.path / "runs", "net", "", "");
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    CHECK(error_text(open, {{folder.path.string(), "FOLDER"}}) ==
          concat("error: FOLDER/runs/net-1/lock: held by process ", getpid(), " on ", host,
                 "\n  help: wait until it ends, or stop it"));
  }
  CHECK(error_text(open).empty());
}

TEST_CASE("a run is found by its folder, its name, or its name without the number: then the newest") {
  const Folder folder;
  const std::filesystem::path runs = folder.path / "runs";
  auto refusal = [&](const std::string& text) {
    return error_text([&] { find_run(text, runs); }, {{folder.path.string(), "FOLDER"}});
  };
  CHECK(refusal("net") ==
        "error: there is no run 'net'\n  runs in FOLDER/runs: none\n  help: name one of them, or a run's folder");
  for (int i = 0; i < 3; ++i) RunFolder::create(runs, "net", "", "");
  CHECK(refusal("net") ==
        "error: FOLDER/runs/net-3: has no checkpoint, and there is no other run of this name that has one\n"
        "  help: train the run first");
  for (const char* trained : {"net-1", "net-2"})
    std::filesystem::create_directory(runs / trained / "checkpoints/step-00000005");
  CHECK(find_run("net", runs).name() == "net-2");
  CHECK(find_run("net", runs, Newest::of_all).name() == "net-3");
  CHECK(find_run("net-1", runs).name() == "net-1");
  CHECK(find_run("net-3", runs).name() == "net-3");
  CHECK(find_run((runs / "net-1").string() + "/", runs).name() == "net-1");
  CHECK(refusal("nte-1") ==
        "error: there is no run 'nte-1'\n  runs in FOLDER/runs: net-1, net-2, net-3\n  help: write 'net-1'");
  CHECK(refusal("resnet20") ==
        "error: there is no run 'resnet20'\n  runs in FOLDER/runs: net-1, net-2, net-3\n"
        "  help: name one of them, or a run's folder");
  CHECK(refusal("theirs.npz") ==
        "error: there is no file and no run 'theirs.npz'\n  runs in FOLDER/runs: net-1, net-2, net-3\n"
        "  help: name one of them, or a run's folder");
  std::filesystem::create_directory(runs / "net-4");  // its process was killed before it began
  CHECK(find_run("net", runs).name() == "net-2");
  CHECK(find_run("net", runs, Newest::of_all).name() == "net-3");
  CHECK(refusal("net-4") ==
        "error: FOLDER/runs/net-4: is no run: it has no resolved.yaml\n"
        "  help: name another run; a run that was ended before it began may be removed");
}

TEST_CASE("a folder that is no run is told as what it is: a part of one, a folder of runs, one without its config") {
  const Folder folder;
  const std::filesystem::path runs = folder.path / "runs", run = runs / "net-1";
  RunFolder::create(runs, "net", "", "");
  const std::filesystem::path checkpoint = run / "checkpoints/step-00000005";
  std::filesystem::create_directories(checkpoint);
  auto refusal = [&](const std::filesystem::path& path) {
    return error_text([&] { find_run(path.string(), runs); }, {{folder.path.string(), "FOLDER"}});
  };
  for (const char* part : {"runs/net-1/checkpoints", "runs/net-1/checkpoints/", "runs/net-1/checkpoints/step-00000005"})
    CHECK(refusal(folder.path / part) == concat("error: FOLDER/", part, ": is no run: it has no resolved.yaml\n",
                                                "  help: name the run: 'FOLDER/runs/net-1'"));
  CHECK(refusal(run / "checkpoints/last") ==
        "error: FOLDER/runs/net-1/checkpoints: there is no checkpoint 'last'\n  there are: step-00000005\n"
        "  help: name one of them, or the run: 'FOLDER/runs/net-1'");
  CHECK(refusal(runs) ==
        "error: FOLDER/runs: is no run: it has no resolved.yaml\n"
        "  runs in it: FOLDER/runs/net-1\n  help: name one of them");
  write(folder.path / "data/x.csv", "");
  CHECK(refusal(folder.path / "data") ==
        "error: FOLDER/data: is no run: it has no resolved.yaml\n"
        "  help: name a run's folder; 'dlcli runs' lists them");
  write(checkpoint / "resolved.yaml", "");
  std::filesystem::remove(run / "resolved.yaml");
  CHECK(refusal(run) ==
        "error: FOLDER/runs/net-1: is no run: it has no resolved.yaml\n"
        "  help: put back that of the checkpoint: cp FOLDER/runs/net-1/checkpoints/step-00000005/resolved.yaml "
        "FOLDER/runs/net-1/resolved.yaml");
}

TEST_CASE("a link in a run's folder that leads out of it is refused, whoever looks for the run") {
  const Folder folder;
  const std::filesystem::path runs = folder.path / "runs", run = runs / "net-1";
  RunFolder::create(runs, "net", "", "");
  std::filesystem::create_directory(run / "checkpoints/step-00000005");
  write(folder.path / "mine", "mine");
  const auto refusal = [&](auto&& work) { return error_text(work, {{run.string(), "RUN"}}); };
  for (const char* name : {"log.txt", "checkpoints/step-00000006"}) {
    CAPTURE(name);
    std::filesystem::create_symlink(folder.path / "mine", run / name);
    const std::string expected = concat("error: RUN/", name, ": is a link that leads out of the run's folder\n",
                                        "  help: put what it leads to in its place, or remove it");
    CHECK(refusal([&] { find_run("net", runs); }) == expected);
    CHECK(refusal([&] { find_run("net-1", runs); }) == expected);
    CHECK(refusal([&] { RunFolder::open(run); }) == expected);
    std::filesystem::remove(run / name);
  }
  std::filesystem::create_symlink("step-00000005", run / "checkpoints/newest");
  CHECK(find_run("net", runs).name() == "net-1");
  CHECK(text_of(folder.path / "mine") == "mine");
}

TEST_CASE("who takes a run's folder removes the temporary files of a killed process") {
  const Folder folder;
  RunFolder::create(folder.path, "net", "", "");
  for (const char* name : {"net-1/.dlcli-1-2.tmp", "net-1/tables/.dlcli-1-3.tmp", "net-1/tables/val_f_beta.csv"})
    write(folder.path / name, "half");
  RunFolder::open(folder.path / "net-1");
  CHECK(!std::filesystem::exists(folder.path / "net-1/.dlcli-1-2.tmp"));
  CHECK(!std::filesystem::exists(folder.path / "net-1/tables/.dlcli-1-3.tmp"));
  CHECK(std::filesystem::exists(folder.path / "net-1/tables/val_f_beta.csv"));
}

TEST_CASE("a run whose only checkpoint a killed process had put aside, to replace it, has it again") {
  const Folder folder;
  RunFolder::create(folder.path, "net", "", "");
  const std::filesystem::path checkpoints = folder.path / "net-1/checkpoints";
  CHECK(!has_checkpoint({folder.path / "net-1"}));
  std::filesystem::create_directory(checkpoints / ".old-step-00000005");
  CHECK(has_checkpoint({folder.path / "net-1"}));
  CHECK(find_run("net", folder.path).name() == "net-1");
  RunFolder::open(folder.path / "net-1");
  CHECK(Checkpoints(checkpoints).steps() == std::vector<int64_t>{5});
}

TEST_CASE("what a killed process left and cannot be removed keeps no run from going on") {
  const Folder folder;
  RunFolder::create(folder.path, "net", "", "");
  const std::filesystem::path half_gone = folder.path / "net-1/checkpoints/.gone-step-00000005";
  write(half_gone / "state.json", "{}");
  std::filesystem::permissions(half_gone, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK(error_text([&] { RunFolder::open(folder.path / "net-1"); }) == "");
  if (std::filesystem::exists(half_gone))  // of root all can be removed
    std::filesystem::permissions(half_gone, std::filesystem::perms::owner_all);
}

TEST_CASE("a folder that is moved away is not written to any more") {
  const Folder folder;
  const RunFolder run = RunFolder::create(folder.path, "net", "", "");
  run.expect_in_place();
  std::filesystem::rename(folder.path / "net-1", folder.path / "other");
  CHECK(error_text([&] { run.expect_in_place(); }, {{folder.path.string(), "FOLDER"}}) ==
        "error: FOLDER/net-1: was moved or removed while the run was writing to it\n"
        "  help: leave a run's folder where it is until the run has ended; where it is now, "
        "'dlcli train --resume=FOLDER' goes on from its last checkpoint");
}
