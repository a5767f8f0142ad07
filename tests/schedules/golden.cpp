// Schedules give PyTorch's factors, and those of their papers, step by step.
// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden.h"
#include "lib/nn/schedule.h"

namespace dl {

TEST_CASE("schedules give PyTorch's factors and momenta, or those of their papers, at every step") {
  golden::for_each_case("schedules", [](const golden::Json& recorded) {
    const auto schedule = testing::read_registered_as<LRSchedule>(recorded["yaml"]);
    const int64_t steps = recorded["steps"];
    CHECK((schedule->mover_of_momentum() != nullptr) == recorded.contains("momenta"));
    for (int64_t step = 0; step < steps; ++step) {
      CAPTURE(step);
      const Progress at{.step = step, .total_steps = steps, .steps_per_epoch = 10, .batch_size = 20};
      const auto i = static_cast<size_t>(step);
      CHECK(schedule->factor(at) == doctest::Approx(recorded["factors"][i].get<double>()).epsilon(1e-6));
      if (schedule->mover_of_momentum())
        CHECK(schedule->momentum(at).value() == doctest::Approx(recorded["momenta"][i].get<double>()).epsilon(1e-7));
    }
  });
}

}  // namespace dl
