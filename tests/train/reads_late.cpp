// On a device that runs ahead a step is begun before the numbers of the one before it are read. Nothing else changes:
// what is told, kept and stopped at is that of a device that does one thing after another.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

#include "tests/npy.h"
#include "tests/train/fixture.h"
#include "tests/train/timeless.h"
#include "tests/walled_device.h"

using namespace dl;
using namespace dl::testing;

namespace {

// How many steps were begun when the first, the second … was told.
struct BegunThen : Observer {
  void stepped(const StepDone&) override { begun.push_back(launches_behind_walls() - before); }
  const int64_t before = launches_behind_walls();
  std::vector<int64_t> begun;
};

std::vector<int64_t> begun_then(const Workplace& place, std::vector<std::string> sets) {
  sets.emplace_back("trainer.device=walled ahead");
  const auto plan = place.plan(sets);
  RunFolder folder = place.new_run(*plan);
  BegunThen seen;
  CHECK(Trainer(*plan, {.folder = &folder, .observers = {&seen}}).fit().exit == Exit::done);
  return seen.begun;
}

// Nine batches an epoch.
const std::string nine_batches = R"(
data:
  train: {format: idx, images: images.idx, labels: labels.idx}
  batch_size: 16
model: [flatten, dropout: 0.2, linear: "${data.classes}"]
loss: cross_entropy
optimizer: {adamw: {lr: 0.01}}
trainer: {max_epochs: 2, log_every_n_steps: 4, checkpoint: {every: 6 steps, keep: 100}}
)";

struct LateRun {
  RunFinished end;
  Record record;
  std::map<std::string, std::vector<float>> variables;
  std::vector<std::string> log;
};

LateRun late_run(const std::string& device, const Workplace& place, std::vector<std::string> sets) {
  sets.push_back("trainer.device=" + device);
  const auto plan = place.plan(sets);
  RunFolder folder = place.new_run(*plan);
  LateRun told;
  Trainer trainer(*plan, {.folder = &folder, .observers = {&told.record}});
  told.end = trainer.fit();
  if (told.end.exit == Exit::done) told.variables = contents(trainer.store());
  told.log = timeless(folder.paths().metrics_jsonl());
  return told;
}

// Tokens whose next one is to be told, one of which makes no sense at a step.
struct HoldsNan : Folder {
  explicit HoldsNan(int sample) {
    std::vector<float> x(40 * 3, 0.5f);
    x[static_cast<size_t>(sample) * 3 + 1] = NAN;
    write("x.npy", npy("<f4", "(40, 3)", bytes(x)));
    write("y.npy", npy("<i4", "(40,)", bytes(std::vector<int32_t>(40, 1))));
    write("c.yaml",
          "data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2, shuffle: false}\n"
          "model: [linear: 2]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\n"
          "trainer: {max_epochs: 1, log_every_n_steps: 7}\n");
  }
};

}  // namespace

TEST_CASE("a step is begun before the last is read, but for those whose numbers are logged, or variables kept") {
  if (std::getenv("DLCLI_WALLED")) return;  // walls behind walls begin a step at another time
  const Workplace place(nine_batches, 144);
  CHECK(begun_then(place, {}) == std::vector<int64_t>{2, 3, 4, 4, 6, 6, 8, 8, 9, 11, 12, 12, 14, 15, 16, 16, 18, 18});
  CHECK(begun_then(place, {"trainer.log_every_n_steps=1", "trainer.max_steps=4"}) == std::vector<int64_t>{1, 2, 3, 4});
}

TEST_CASE("a step is read before the next is begun where more than numbers is read of it") {
  const Workplace place(nine_batches, 144);
  const std::vector<int64_t> one_by_one{1, 2, 3};
  CHECK(begun_then(place, {"trainer.max_steps=3", "trainer.detect_anomaly=true"}) == one_by_one);
  CHECK(begun_then(place, {"trainer.max_steps=3", "metrics=[roc_auc]"}) == one_by_one);
}

TEST_CASE("what a run tells, logs and ends with is the same where steps are read late") {
  const Workplace place;
  for (const std::vector<std::string>& sets :
       {std::vector<std::string>{}, {"trainer.accumulate_grad_batches=3"}, {"trainer.max_steps=11"}}) {
    const LateRun expected = late_run("walled", place, sets), found = late_run("walled ahead", place, sets);
    CHECK(found.end.exit == Exit::done);
    CHECK(found.end.reason == expected.end.reason);
    CHECK(found.end.step == expected.end.step);
    CHECK(found.record.losses == expected.record.losses);
    CHECK(found.record.saves == expected.record.saves);
    CHECK(found.log == expected.log);
    CHECK(found.variables == expected.variables);
  }
}

TEST_CASE("a run whose steps are read late goes on to the same bits wherever it was stopped") {
  const Workplace place;
  const auto plan = place.plan({"trainer.device=walled ahead"});
  RunFolder whole = place.new_run(*plan);
  Trainer uninterrupted(*plan, {.folder = &whole});
  uninterrupted.fit();
  for (const int64_t told : {1, 4, 5, 9, 17}) {
    CAPTURE(told);
    RunFolder folder = place.new_run(*plan);
    StopAfter stop(told);
    Trainer(*plan, {.folder = &folder, .observers = {&stop}, .stop = &stop.stop}).fit();
    const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
    CHECK(last.state.step >= told);
    CHECK(last.state.step <= told + 1);
    Trainer resumed(*plan, {.folder = &folder});
    resumed.resume(last);
    resumed.fit();
    CHECK(contents(resumed.store()) == contents(uninterrupted.store()));
    CHECK(timeless(folder.paths().metrics_jsonl()) == timeless(whole.paths().metrics_jsonl()));
  }
}

TEST_CASE("a loss that is no number ends the run at its own step, with the data that held it, where it is read late") {
  for (const int sample : {0, 5, 12, 13, 38}) {  // of steps 1, 3, 7, which is logged, 7 and 20, the last
    CAPTURE(sample);
    const HoldsNan place(sample);
    LateRun told[2];
    for (const bool ahead : {false, true}) {
      const auto plan = plan_run(place / "c.yaml", {concat("trainer.device=walled", ahead ? " ahead" : "")});
      told[ahead].end = Trainer(*plan, {.observers = {&told[ahead].record}}).fit();
    }
    CHECK(told[1].end.exit == Exit::diverged);
    CHECK(told[1].end.step == sample / 2 + 1);
    CHECK(told[1].end.reason == concat("the loss became NaN at step ", sample / 2 + 1));
    CHECK(told[1].end.bad_input == concat("the data held it: sample ", sample, ": value 1 of 'x' is .nan"));
    CHECK(told[1].record.losses.size() == static_cast<size_t>(sample / 2 + 1));
    CHECK(told[0].end.reason == told[1].end.reason);
    CHECK(told[0].end.bad_input == told[1].end.bad_input);
    CHECK(told[0].record.logs.size() == told[1].record.logs.size());
  }
}
