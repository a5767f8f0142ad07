// Schedules: factors on the learning rate, by the update.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/schedule.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

// A run of 100 updates, 10 an epoch, of 20 samples each.
double factor(const LRSchedule& schedule, int64_t step, int64_t total = 100) {
  return schedule.factor({.step = step, .total_steps = total, .steps_per_epoch = 10, .batch_size = 20});
}
doctest::Approx near(double value) { return doctest::Approx(value).epsilon(1e-9); }

}  // namespace

TEST_CASE("constant leaves the learning rate as it is") {
  const auto schedule = read_registered_as<LRSchedule>("constant");
  for (const int64_t step : {0, 1, 99, 1000}) CHECK(factor(*schedule, step) == 1);
}

TEST_CASE("a warm-up rises linearly and never begins at 0") {
  const auto schedule = read_registered_as<LRSchedule>("constant: {warmup: 4}");
  CHECK(factor(*schedule, 0) == near(0.2));
  CHECK(factor(*schedule, 3) == near(0.8));
  CHECK(factor(*schedule, 4) == 1);
}

TEST_CASE("a warm-up may be given in epochs, in samples and as a share of the run") {
  CHECK(factor(*read_registered_as<LRSchedule>("constant: {warmup: 1 epoch}"), 9) == near(10.0 / 11));
  CHECK(factor(*read_registered_as<LRSchedule>("constant: {warmup: 200 samples}"), 9) == near(10.0 / 11));
  CHECK(factor(*read_registered_as<LRSchedule>("constant: {warmup: 10%}"), 9) == near(10.0 / 11));
  CHECK(factor(*read_registered_as<LRSchedule>("constant: {warmup: 200 samples}"), 10) == 1);
}

TEST_CASE("cosine falls along half a cosine to the run's end") {
  const auto schedule = read_registered_as<LRSchedule>("cosine");
  CHECK(factor(*schedule, 0) == 1);
  CHECK(factor(*schedule, 25) == near(0.5 * (1 + std::sqrt(0.5))));
  CHECK(factor(*schedule, 50) == near(0.5));
  CHECK(factor(*schedule, 100) == doctest::Approx(0));
}

TEST_CASE("cosine falls to min_factor after its warm-up, over the time given, and stays there") {
  const auto schedule = read_registered_as<LRSchedule>("cosine: {min_factor: 0.2, warmup: 10 steps, over: 4 epochs}");
  CHECK(factor(*schedule, 9) == near(10.0 / 11));
  CHECK(factor(*schedule, 10) == 1);
  CHECK(factor(*schedule, 30) == near(0.6));
  CHECK(factor(*schedule, 50) == near(0.2));
  CHECK(factor(*schedule, 99) == near(0.2));
}

TEST_CASE("a cosine in a run without a planned end does not fall") {
  CHECK(factor(*read_registered_as<LRSchedule>("cosine"), 5000, 0) == 1);
}

TEST_CASE("step falls by gamma at regular times or at milestones") {
  const auto regular = read_registered_as<LRSchedule>("step: {every: 3 epochs, gamma: 0.5}");
  CHECK(factor(*regular, 29) == 1);
  CHECK(factor(*regular, 30) == near(0.5));
  CHECK(factor(*regular, 99) == near(0.125));
  const auto milestones = read_registered_as<LRSchedule>("step: {milestones: [20 steps, 5 epochs]}");
  CHECK(factor(*milestones, 19) == 1);
  CHECK(factor(*milestones, 20) == near(0.1));
  CHECK(factor(*milestones, 50) == near(0.01));
}

TEST_CASE("a time that is whole updates but for rounding is those updates") {
  const auto share = read_registered_as<LRSchedule>("step: {milestones: [7%], gamma: 0.5}");
  CHECK(factor(*share, 6) == 1);
  CHECK(factor(*share, 7) == 0.5);
  const auto epochs = read_registered_as<LRSchedule>("step: {every: 1.1 epochs, gamma: 0.5}");
  const auto of_100 = [&](int64_t step) {
    return epochs->factor({.step = step, .total_steps = 1000, .steps_per_epoch = 100, .batch_size = 20});
  };
  CHECK(of_100(109) == 1);
  CHECK(of_100(110) == 0.5);
  const auto between = read_registered_as<LRSchedule>("step: {milestones: [1.15 epochs], gamma: 0.5}");
  CHECK(factor(*between, 11) == 1);
  CHECK(factor(*between, 12) == 0.5);
}

TEST_CASE("the periods of step begin where it says") {
  const auto schedule = read_registered_as<LRSchedule>("step: {every: 1 epoch, start: 3 epochs, gamma: 0.5}");
  for (const int64_t step : {0, 30, 39}) CHECK(factor(*schedule, step) == 1);
  CHECK(factor(*schedule, 40) == near(0.5));
  CHECK(factor(*schedule, 49) == near(0.5));
  CHECK(factor(*schedule, 50) == near(0.25));
  CHECK(problems_of<LRSchedule>("step: {milestones: [5 epochs], start: 3 epochs}") ==
        "error: test:1:39: schedule.step.start: only the periods of 'every' have a start\n"
        "  help: leave 'start' out\n");
}

TEST_CASE("step needs either every or milestones") {
  const std::string said =
      "error: test:1:1: schedule (step): expected either 'every' or 'milestones'\n"
      "  help: write 'every: 30 epochs' or 'milestones: [80 epochs, 120 epochs]'\n";
  CHECK(problems_of<LRSchedule>("step") == said);
}
