// Schedules one after another and at the same time, and those that need the run's end.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/schedule.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

double at(const LRSchedule& schedule, int64_t step, int64_t total = 100) {
  return schedule.factor({.step = step, .total_steps = total, .steps_per_epoch = 10, .batch_size = 20});
}

}  // namespace

TEST_CASE("in a sequence a schedule that falls until the run's end falls until its own") {
  const auto schedule = read_registered_as<LRSchedule>(
      "sequence: {schedules: [linear, {cosine: {warmup: 5}}, linear], milestones: [2 epochs, 60 steps]}");
  CHECK(at(*schedule, 0) == 1);
  CHECK(at(*schedule, 10) == doctest::Approx(0.5));
  CHECK(at(*schedule, 20) == doctest::Approx(1.0 / 6));  // the warm-up is from the part's beginning
  CHECK(at(*schedule, 25) == 1);
  CHECK(at(*schedule, 59) < 0.01);
  CHECK(at(*schedule, 80) == doctest::Approx(0.5));
  CHECK(at(*schedule, 5000, 0) == 1);  // without a planned end the last does not fall
}

TEST_CASE("in a sequence a cycle is as long as its part, and elsewhere the momentum is the optimizer's") {
  const auto schedule = read_registered_as<LRSchedule>(
      "sequence: {schedules: [constant, one_cycle, {one_cycle: {cycle_momentum: false}}], milestones: [1 epoch, 60 "
      "steps]}");
  const auto alone = read_registered_as<LRSchedule>("one_cycle");
  const auto in_run = [](int64_t step, int64_t total) {
    return Progress{.step = step, .total_steps = total, .steps_per_epoch = 10};
  };
  CHECK(schedule->needs_end());
  CHECK(schedule->mover_of_momentum()->name == "one_cycle");
  CHECK_FALSE(schedule->momentum(in_run(9, 100)));
  CHECK_FALSE(schedule->momentum(in_run(60, 100)));
  for (const int64_t step : {0, 7, 14, 15, 30, 49}) {
    CAPTURE(step);
    CHECK(at(*schedule, 10 + step) == alone->factor(in_run(step, 50)));
    CHECK(schedule->momentum(in_run(10 + step, 100)) == alone->momentum(in_run(step, 50)));
  }
}

TEST_CASE("of schedules at the same time one may move the momentum") {
  const auto schedule = read_registered_as<LRSchedule>("chained: [{constant: {factor: 0.5}}, one_cycle]");
  const auto alone = read_registered_as<LRSchedule>("one_cycle");
  const Progress now{.step = 40, .total_steps = 100, .steps_per_epoch = 10, .batch_size = 20};
  CHECK(at(*schedule, 40) == alone->factor(now) / 2);
  CHECK(schedule->momentum(now) == alone->momentum(now));
  CHECK(problems_of<LRSchedule>("chained: [cyclic, one_cycle]") ==
        "error: test:1:10: schedule.chained.schedules: expected one that moves the momentum, got several\n"
        "  help: write 'cycle_momentum: false' in all others\n");
}

TEST_CASE("without a planned end warmup_stable_decay stays and inverse_sqrt falls on") {
  CHECK(at(*read_registered_as<LRSchedule>("warmup_stable_decay"), 1'000'000, 0) == 1);
  CHECK(at(*read_registered_as<LRSchedule>("warmup_stable_decay"), 95) == doctest::Approx(0.5));
  CHECK(at(*read_registered_as<LRSchedule>("inverse_sqrt"), 30'000, 0) == doctest::Approx(0.5));
  CHECK(at(*read_registered_as<LRSchedule>("inverse_sqrt: {warmup: 100}"), 400, 0) == doctest::Approx(0.5));
}

TEST_CASE("a million restarts take no time") {
  const auto schedule = read_registered_as<LRSchedule>("cosine_restarts: {first: 1 steps}");
  CHECK(at(*schedule, int64_t{1} << 40, 0) == doctest::Approx(1));
}
