// How a run ends: at its limits, early, or with numbers that are not finite.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "lib/data/image/write_png.h"
#include "lib/interop/safetensors.h"
#include "tests/npy.h"
#include "tests/train/process.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("max_steps ends a run within an epoch, after a validation") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_steps=11"});
  const Run run = train(*plan, nullptr);
  CHECK(run.end.reason == "max_steps (11) reached");
  CHECK(run.end.step == 11);
  CHECK(run.record.validations.size() == 2);
  CHECK(run.record.validations.back().step == 11);
}

TEST_CASE("early stopping ends a run that no longer gets better, and a resumed one stays ended") {
  const Workplace place;
  const std::vector<std::string> sets{"trainer.max_epochs=50", "trainer.early_stopping.patience=2",
                                      "trainer.early_stopping.min_delta=100"};
  const auto plan = place.plan(sets);
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  CHECK(run.end.exit == Exit::done);
  CHECK(run.end.epoch == 3);
  CHECK(run.end.reason.starts_with("early_stopping: val/loss was not better than "));
  CHECK(run.end.reason.ends_with(" in 2 validations"));
  const Run again = train(*plan, &folder, -1, true);
  CHECK(again.end.reason == run.end.reason);
  CHECK(again.record.losses.empty());
  CHECK(again.contents == run.contents);
}

TEST_CASE("max_time saves and stops; every start has that time anew, and takes a step where loading alone is longer") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_time=0.000001 s", "trainer.max_epochs=null"});
  RunFolder folder = place.new_run(*plan);
  for (const int64_t start : {1, 2, 3}) {
    const Run run = train(*plan, &folder, -1, start > 1);
    CHECK(run.end.exit == Exit::time_limit);
    CHECK(run.end.reason == "max_time (1e-06 s) reached");
    CHECK(run.end.step == start);
    CHECK(Checkpoints(folder.paths().checkpoints()).steps().back() == start);
    CHECK(std::ranges::any_of(run.record.warnings, [](const std::string& line) {
      return line.starts_with("trainer.max_time: '1e-06 s' was over when the first step could be taken, after ") &&
             line.ends_with(": one step is taken each time the run is started");
    }));
  }
  const auto longer = place.plan({"trainer.max_time=1 h", "trainer.max_epochs=1"});
  const Run run = train(*longer, nullptr);
  CHECK(run.end.exit == Exit::done);
  CHECK(run.record.warnings.empty());
}

TEST_CASE("a loss that is not finite ends the run and leaves the last good checkpoint") {
  const Workplace place;
  const auto plan = place.plan({"optimizer={sgd: {lr: 1e30}}", "schedule=null", "trainer.checkpoint.every=1 steps"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  CHECK(run.end.exit == Exit::diverged);
  CHECK(run.end.reason.find(" became ") != std::string::npos);
  const Checkpoints checkpoints(folder.paths().checkpoints());
  for (const int64_t step : checkpoints.steps()) {
    const SafetensorsFile file(open_checkpoint(checkpoints.of_step(step)).weights());
    for (const auto& [name, tensor] : file.tensors())
      for (const float x : file.read_f32(name)) CHECK(std::isfinite(x));
  }
}

TEST_CASE("where the data are what is not finite, the run ends with their sample and value") {
  const Folder folder;
  std::vector<float> x(8 * 3, 0.5f);
  x[5 * 3 + 2] = std::numeric_limits<float>::infinity();
  write(folder.path / "x.npy", npy("<f4", "(8, 3)", bytes(x)));
  write(folder.path / "y.npy", npy("<i4", "(8,)", bytes(std::vector<int32_t>{0, 1, 0, 1, 0, 1, 0, 1})));
  for (const std::string accumulate : {"1", "2"}) {
    write(folder.path / "c.yaml",
          concat("data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 4}\nmodel: [linear: 2]\n"
                 "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\n"
                 "trainer: {max_epochs: 1, accumulate_grad_batches: ",
                 accumulate, "}\n"));
    const auto plan = plan_run(folder.path / "c.yaml", {});
    const Run run = train(*plan, nullptr);
    CHECK(run.end.exit == Exit::diverged);
    CHECK(run.end.bad_input == "the data held it: sample 5: value 2 of 'x' is .inf");
  }
}

TEST_CASE("an error before the first step leaves no folder that was made for it, and is kept in one that was there") {
  const Folder folder;
  for (const std::string name : {"a", "b"}) {
    std::filesystem::create_directories(folder / "pets" / name);
    for (const char* file : {"0.png", "1.png"})
      write_png(folder / "pets" / name / file, {2, 2}, 1, std::vector<uint8_t>(4, 100));
  }
  write(folder / "c.yaml",
        "data: {train: {format: image_folder, path: pets, channels: 1}, batch_size: 2, shuffle: false}\n"
        "model: [flatten, linear: 2]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\n"
        "trainer: {max_epochs: 1, device: reference, tensorboard: {images: 4}}\n");
  const auto plan = plan_run(folder / "c.yaml", {});
  const auto create = [&] { return RunFolder::create(folder / "runs", plan->name, plan->resolved(), plan->config); };
  write(folder / "pets/b/1.png", "");  // which TensorBoard is to be shown
  const std::string damage =
      "error: DIR/pets/b/1.png: expected an image, the file is empty\n"
      "  help: write 'on_bad: skip' to go on without it";
  std::optional<RunFolder> made;
  const auto make = [&] { return &made.emplace(create()); };
  CHECK(error_text(folder, [&] { Trainer(*plan, {.make_folder = make}).fit(); }) == damage);
  CHECK(made);
  CHECK(std::filesystem::is_empty(folder / "runs"));
  RunFolder there = create();
  CHECK(error_text(folder, [&] { Trainer(*plan, {.folder = &there}).fit(); }) == damage);
  const std::string record = text_of(there.paths().record());
  CHECK(record.find("\"state\": \"failed\"") != std::string::npos);
  CHECK(record.find("\"exit\": 3") != std::string::npos);
}

TEST_CASE("fast_dev_run takes one step and one batch of validation and keeps nothing") {
  const Workplace place;
  const auto plan = place.plan({"trainer.fast_dev_run=true"});
  const Run run = train(*plan, nullptr);
  CHECK(run.end.exit == Exit::done);
  CHECK(run.end.reason == "fast_dev_run");
  CHECK(run.record.losses.size() == 1);
  CHECK(run.record.validations.size() == 1);
  CHECK(!std::filesystem::exists(place.path / "runs"));
}
