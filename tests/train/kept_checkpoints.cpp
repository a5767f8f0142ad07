// Which checkpoints of a run are there, and what becomes of one that cannot be written.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/checkpointing.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/train/process.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("the newest checkpoints and the best one are kept") {
  const Workplace place;
  const auto plan = place.plan({"trainer.checkpoint={every: 3 steps, keep: 2, best: val/loss}", "trainer.max_epochs=2",
                                "optimizer={sgd: {lr: 1e-12}}", "schedule=null", "model.4.dropout=0"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  const std::vector<int64_t> steps = Checkpoints(folder.paths().checkpoints()).steps();
  CHECK(steps.size() >= 2);
  CHECK(steps.size() <= 3);
  CHECK(std::ranges::count(steps, run.end.best_step) == 1);
  CHECK(std::ranges::count(steps, 18) == 1);
  CHECK(Checkpoints(folder.paths().checkpoints()).find("best", {}).state.step == run.end.best_step);
}

TEST_CASE("a checkpoint that cannot be written is a warning; the last one's failure is an error") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_epochs=1"});
  RunFolder folder = place.new_run(*plan);
  std::filesystem::remove_all(folder.paths().checkpoints());
  write(folder.paths().checkpoints(), "in the way");
  Record record;
  Trainer trainer(*plan, {.folder = &folder, .observers = {&record}});
  Exit exit = Exit::done;
  CHECK(error_text([&] { trainer.fit(); }, {{folder.paths().folder.string(), "RUN"}}, &exit) ==
        "error: RUN/checkpoints: making the folder failed: Not a directory");
  CHECK(exit == Exit::io);
  REQUIRE(record.warnings.size() == 2);
  CHECK(record.warnings[0] ==
        "the checkpoint of step 6 was not written; training goes on: " + folder.paths().checkpoints().string() +
            ": making the folder failed: Not a directory");
}

TEST_CASE("the best checkpoint is one that was written") {
  const Workplace place;
  const auto plan =
      place.plan({"trainer.max_epochs=2", "trainer.checkpoint={every: 1000 steps, best: val/loss, mode: max}"});
  RunFolder folder = place.new_run(*plan);
  const std::filesystem::path checkpoints = folder.paths().checkpoints();
  std::filesystem::remove_all(checkpoints);
  write(checkpoints, "in the way");
  struct : Observer {  // makes room once the first could not be written
    void warned(const std::string& text) override {
      if (text.find("was not written") == std::string::npos) return;
      std::filesystem::remove(path);
      ++count;
    }
    std::filesystem::path path;
    int count = 0;
  } room;
  room.path = checkpoints;
  Record record;
  Trainer trainer(*plan, {.folder = &folder, .observers = {&record, &room}});
  const RunFinished end = trainer.fit();
  CHECK(room.count == 1);
  REQUIRE(record.validations.size() == 2);
  CHECK(record.validations[1].values[0].value < record.validations[0].values[0].value);
  CHECK(end.best_step == 18);
  CHECK(Checkpoints(checkpoints).find("best", {}).state.step == 18);
}
