// What the process ends with: docs/exit-codes.md.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
namespace fs = std::filesystem;

namespace {

const std::string table = R"(
data:
  train: {format: csv, path: rows.csv, target: kind}
  batch_size: 2
model: [{linear: "${data.classes}"}]
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
trainer: {max_steps: 2, threads: 1}
)";

}  // namespace

TEST_CASE(
    "data that are missing, broken, changed or beyond the model end with 3, and with 2 where the config is wrong too") {
  Folder folder;
  write(folder / "c.yaml", table);
  CHECK(run_dlcli({"train", "c.yaml"}, folder).exit == 3);
  write(folder / "rows.csv", "a,kind\n1,x\n2,y,z\n");
  CHECK(run_dlcli({"train", "c.yaml"}, folder).exit == 3);
  CHECK(run_dlcli({"check", "c.yaml", "--set", "trainer.max_steps=-1"}, folder).exit == 2);
  CHECK(fs::exists(folder / "runs") == false);

  write(folder / "rows.csv", "a,kind\n1,x\n2,y\n3,x\n");
  REQUIRE(run_dlcli({"train", "c.yaml"}, folder).exit == 0);
  write(folder / "rows.csv", "a,kind\n1,x\n2,y\n3,y\n");
  CHECK(run_dlcli({"train", "--resume=c-1", "--set", "trainer.max_steps=4"}, folder).exit == 3);
}

TEST_CASE("a name that the system refuses ends with 4, and is told with the system's words") {
  const Folder folder;
  const std::string name(300, 'a');
  for (const std::string command : {"eval", "inspect", "init"}) {
    const Finished done = run_dlcli({command, name}, folder);
    CHECK(done.exit == 4);
    CHECK(done.err == "error: " + name + (command == "init" ? "" : "/manifest.json") +
                          ": looking at it failed: File name too long\n");
  }
}
