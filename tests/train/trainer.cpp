// Training runs: what they learn, from batches large and small, from which weights; when they validate.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/trainer.h"

#include <doctest/doctest.h>

#include "tests/train/process.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a small network learns, and says so") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_epochs=12"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  CHECK(run.end.exit == Exit::done);
  CHECK(run.end.reason == "max_epochs (12) reached");
  CHECK(run.end.step == 108);
  CHECK(run.end.epoch == 12);
  CHECK(run.record.losses.size() == 108);
  CHECK(run.record.logs.size() == 27);
  CHECK(run.record.epochs.size() == 12);
  CHECK(run.record.validations.size() == 12);
  CHECK(run.record.validations.back().values[1].name == "val/accuracy");
  CHECK(run.record.validations.back().values[1].value > 0.9);
  CHECK(run.end.best_value >= run.record.validations.back().values[1].value);
  CHECK(run.record.warnings.empty());
}

TEST_CASE("accumulation over batches equals one large batch, the short window at the end too") {
  const std::string config = R"(
data:
  train: {format: idx, images: images.idx, labels: labels.idx}
  batch_size: 32
model: [flatten, linear: 8, gelu, linear: 4]
loss: cross_entropy
metrics: [accuracy]
optimizer: {sgd: {lr: 0.5, momentum: 0.9}}
trainer: {max_epochs: 2, device: reference, gradient_clip_val: 0.5}
)";
  const Workplace place(config, 75);  // windows of 32, 32 and 11 samples
  const auto large = place.plan();
  const auto small = place.plan({"data.batch_size=8", "trainer.accumulate_grad_batches=4"});
  const auto agree = [&](Plan& one, Plan& other) {
    const Run a = train(one, nullptr), b = train(other, nullptr);
    REQUIRE(a.end.step == 6);
    REQUIRE(b.end.step == 6);
    for (size_t i = 0; i < a.record.losses.size(); ++i)
      CHECK(b.record.losses[i] == doctest::Approx(a.record.losses[i]).epsilon(1e-5));
    const std::vector<float>&x = a.contents.at("parameters"), &y = b.contents.at("parameters");
    for (size_t i = 0; i < x.size(); ++i) CHECK(y[i] == doctest::Approx(x[i]).epsilon(1e-4));
    const auto &left = a.record.validations, &right = b.record.validations;
    REQUIRE(left.size() == right.size());
    for (size_t i = 0; i < left.size(); ++i)
      CHECK(right[i].values[0].value == doctest::Approx(left[i].values[0].value).epsilon(1e-5));
  };
  agree(*large, *small);

  // Of the batches of 8 some have more targets that are left out than others.
  const std::vector<std::string> ignoring{"loss.cross_entropy.ignore_index=1",
                                          "data.validation={format: idx, images: images.idx, labels: labels.idx}"};
  const auto with = [&](std::vector<std::string> sets) {
    sets.insert(sets.end(), ignoring.begin(), ignoring.end());
    return place.plan(sets);
  };
  agree(*with({}), *with({"data.batch_size=8", "trainer.accumulate_grad_batches=4"}));
}

TEST_CASE("validation runs as often as its interval says") {
  const Workplace place;
  auto steps = [&](const std::string& set) {
    const auto plan = place.plan({set});
    const Run run = train(*plan, nullptr);
    std::vector<int64_t> out;
    for (const ValidationRecord& v : run.record.validations) out.push_back(v.step);
    return out;
  };
  CHECK(steps("trainer.check_val_every_n_epoch=2") == std::vector<int64_t>{18, 27});
  CHECK(steps("trainer.val_check_interval=10") == std::vector<int64_t>{10, 20, 27});
  CHECK(steps("trainer.val_check_interval=0.5 epochs") == std::vector<int64_t>{5, 9, 14, 18, 23, 27});
  CHECK(steps("trainer.val_check_interval=0.25 epochs") ==
        std::vector<int64_t>{3, 5, 7, 9, 12, 14, 16, 18, 21, 23, 25, 27});
}

TEST_CASE("time between validations is counted from the last one in whatever process that was") {
  const Workplace place;
  const auto plan = place.plan({"trainer.val_check_interval=1 h", "trainer.max_epochs=1"});
  RunFolder folder = place.new_run(*plan);
  CHECK(train(*plan, &folder, 2).record.validations.empty());
  Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
  last.state.time_s = 3600;  // as if it had taken so long
  Record record;
  StopAfter stop(4);
  Trainer resumed(*plan, {.folder = &folder, .observers = {&record, &stop}, .stop = &stop.stop});
  resumed.resume(last);
  resumed.fit();
  REQUIRE(record.validations.size() == 1);
  CHECK(record.validations[0].step == 3);
  const TrainState after = Checkpoints(folder.paths().checkpoints()).newest({})->state;
  CHECK(after.validated_s >= 3600);
  CHECK(after.validated_s <= after.time_s);
}

TEST_CASE("init_from starts from the weights of a file") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_steps=5"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  const std::string weights = (Checkpoints(folder.paths().checkpoints()).of_step(5) / "model.safetensors").string();
  const auto next =
      place.plan({"init_from=" + weights, "seed=9", "optimizer={sgd: {lr: 1e-30}}", "trainer.max_steps=1"});
  const Run started = train(*next, nullptr);
  CHECK(started.contents.at("parameters") == run.contents.at("parameters"));
}
