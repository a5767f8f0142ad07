// Schedules at the same time, as PyTorch's ChainedScheduler: the product of their factors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>

#include "lib/nn/schedule.h"

namespace dl {
namespace {

struct ChainedSchedule final : LRSchedule {
  std::vector<std::unique_ptr<LRSchedule>> schedules;

  void describe(Schema& s) override {
    s.summary("several schedules at the same time: the product of their factors");
    s.also_known_as({"ChainedScheduler"});
    s.required("schedules", schedules, "of which the factors are multiplied").positional();
    s.example("chained: [{exponential: {gamma: 0.95}}, {step: {milestones: [30 epochs]}}]");
    s.check([this](const Report& report) {
      if (schedules.empty()) report.at("schedules", "expected a schedule or more, got none");
      const auto moves = [](const auto& schedule) { return schedule->mover_of_momentum() != nullptr; };
      if (std::ranges::count_if(schedules, moves) > 1)
        report.at("schedules", "expected one that moves the momentum, got several",
                  "write 'cycle_momentum: false' in all others");
    });
  }
  const LRSchedule* mover_of_momentum() const override {
    for (const auto& schedule : schedules)
      if (const LRSchedule* mover = schedule->mover_of_momentum()) return mover;
    return nullptr;
  }
  bool needs_end() const override {
    return std::ranges::any_of(schedules, [](const auto& schedule) { return schedule->needs_end(); });
  }
  double factor(const Progress& p) const override {
    double product = 1;
    for (const auto& schedule : schedules) product *= schedule->factor(p);
    return product;
  }
  std::optional<double> momentum(const Progress& p) const override {
    for (const auto& schedule : schedules)
      if (const auto momentum = schedule->momentum(p)) return momentum;
    return std::nullopt;
  }
};
DL_SCHEDULE(ChainedSchedule, "chained");

}  // namespace
}  // namespace dl
