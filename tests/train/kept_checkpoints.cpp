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
        "error: RUN/checkpoints: making the folder failed: Not a directory\n"
        "  help: 'RUN/checkpoints' is no folder; name another place");
  CHECK(exit == Exit::io);
  REQUIRE(record.warnings.size() == 2);
  CHECK(record.warnings[0] ==
        "the checkpoint of step 6 was not written; training goes on: " + folder.paths().checkpoints().string() +
            ": making the folder failed: Not a directory");
}

TEST_CASE("an old checkpoint that cannot be removed is a warning, and the run's result stands, the last one's too") {
  const Workplace place;
  for (const int64_t at : {6, 9}) {  // on the way, at the end
    CAPTURE(at);
    const auto plan = place.plan({"trainer.max_epochs=1", "trainer.checkpoint.best=null"});
    RunFolder folder = place.new_run(*plan);
    struct : Observer {  // between the new one and the removal of others their folder cannot be read
      void saved(const CheckpointSaved& e) override {
        if (e.step != step) return;
        std::filesystem::rename(path, path.string() + "-aside");
        write(path, "in the way");
      }
      void warned(const std::string&) override {
        std::filesystem::remove(path);
        std::filesystem::rename(path.string() + "-aside", path);
      }
      std::filesystem::path path;
      int64_t step = 0;
    } hindrance;
    hindrance.path = folder.paths().checkpoints();
    hindrance.step = at;
    Record record;
    Trainer trainer(*plan, {.folder = &folder, .observers = {&record, &hindrance}});
    const RunFinished end = trainer.fit();
    CHECK(end.exit == Exit::done);
    CHECK(end.step == 9);
    CHECK(record.warnings == std::vector{"older checkpoints could not be removed: " + hindrance.path.string() +
                                         ": reading the folder failed: Not a directory"});
    CHECK(record.saves == std::vector<int64_t>{6, 9});
    CHECK(Checkpoints(hindrance.path).steps() == std::vector<int64_t>{6, 9});
  }
}

TEST_CASE("a run whose best checkpoint is gone says so and finds another") {
  const Workplace place;
  const auto plan = place.plan();
  RunFolder folder = place.new_run(*plan);
  const Checkpoints checkpoints(folder.paths().checkpoints());
  train(*plan, &folder, 12);
  REQUIRE(checkpoints.newest({})->state.best_step == 9);
  std::filesystem::remove_all(checkpoints.of_step(9));
  const Run more = train(*plan, &folder, -1, true);
  CHECK(more.record.warnings ==
        std::vector<std::string>{"the best checkpoint, of step 9, is lost: " + checkpoints.of_step(9).string() +
                                 ": is no complete checkpoint: it has no manifest.json"});
  CHECK(more.end.best_step >= 18);
  CHECK(checkpoints.find("best", {}).state.step == more.end.best_step);
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
