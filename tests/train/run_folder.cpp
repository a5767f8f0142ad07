// The folders of runs.
#include "lib/train/run_folder.h"

#include <doctest/doctest.h>

#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::test;

TEST_CASE("a new run gets the next number and never an old folder") {
  const Folder folder;
  const std::filesystem::path runs = folder.path / "runs";
  const RunFolder first = RunFolder::create(runs, "net", "resolved", "config");
  CHECK(first.paths().name() == "net-1");
  CHECK(read(first.paths().config()) == "config");
  CHECK(read(first.paths().resolved()) == "resolved");
  CHECK(RunFolder::create(runs, "net", "", "").paths().name() == "net-2");
  std::filesystem::create_directory(runs / "net-9");
  std::filesystem::create_directory(runs / "net-x");
  std::filesystem::create_directory(runs / "net-1-30");
  CHECK(RunFolder::create(runs, "net", "", "").paths().name() == "net-10");
  CHECK(RunFolder::create(runs, "net-1", "", "").paths().name() == "net-1-31");
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
  for (int i = 0; i < 2; ++i) RunFolder::create(runs, "net", "", "");
  CHECK(find_run("net", runs).name() == "net-2");
  CHECK(find_run("net-1", runs).name() == "net-1");
  CHECK(find_run((runs / "net-1").string() + "/", runs).name() == "net-1");
  CHECK(refusal("nte-1") ==
        "error: there is no run 'nte-1'\n  runs in FOLDER/runs: net-1, net-2\n  help: write 'net-1'");
  CHECK(refusal("resnet20") ==
        "error: there is no run 'resnet20'\n  runs in FOLDER/runs: net-1, net-2\n"
        "  help: name one of them, or a run's folder");
}
