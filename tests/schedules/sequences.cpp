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

TEST_CASE("sequences of one cycle alone are refused, unless it leaves the momentum") {
  CHECK(problems_of<LRSchedule>("sequence: {schedules: [constant, one_cycle], milestones: [1 epoch]}") ==
        "error: test:1:23: schedule.sequence.schedules: 'one_cycle' moves the momentum, which it can alone\n"
        "  help: write 'cycle_momentum: false' in it\n");
  const auto schedule = read_registered_as<LRSchedule>(
      "sequence: {schedules: [constant, {one_cycle: {cycle_momentum: false}}], milestones: [1 epoch]}");
  CHECK(schedule->needs_end());
  CHECK_FALSE(schedule->moves_momentum());
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
