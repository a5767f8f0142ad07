// Schedules one after another, as PyTorch's SequentialLR: each counts from its own beginning and, but for the last,
// ends where the next begins
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>
#include <optional>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct SequenceSchedule final : LRSchedule {
  std::vector<std::unique_ptr<LRSchedule>> schedules;
  std::vector<Duration> milestones;

  void describe(Schema& s) override {
    s.summary("several schedules, one after another");
    s.details(
        "'cosine', 'one_cycle' and others that go by the run's end go by their own here. Where a part does not move "
        "the momentum, it is the optimizer's.");
    s.also_known_as({"SequentialLR", "sequential", "sequential_lr"});
    s.required("schedules", schedules, "in their order");
    s.required("milestones", milestones, "when each but the first begins, from the run's start")
        .above(0)
        .units(schedule_units());
    s.example("sequence: {schedules: [{constant: {factor: 0.1}}, cosine], milestones: [5 epochs]}");
    s.example("sequence: {schedules: [one_cycle, {one_cycle: {pct_start: 0.1}}], milestones: [12 epochs]}");
    s.check([this](const Report& report) {
      if (schedules.size() < 2)
        report.at("schedules", concat("expected two schedules or more, got ", schedules.size()));
      else if (milestones.size() + 1 != schedules.size())
        report.at(
            "milestones",
            concat("expected ", schedules.size() - 1, " for ", schedules.size(), " schedules, got ", milestones.size()),
            "write when each schedule but the first begins");
    });
  }
  bool needs_end() const override { return schedules.back()->needs_end(); }
  const LRSchedule* mover_of_momentum() const override {
    for (const auto& schedule : schedules)
      if (const LRSchedule* mover = schedule->mover_of_momentum()) return mover;
    return nullptr;
  }

  double factor(const Progress& p) const override {
    const Part part = part_at(p);
    return part.schedule->factor(part.progress);
  }
  std::optional<double> momentum(const Progress& p) const override {
    const Part part = part_at(p);
    return part.schedule->momentum(part.progress);
  }

 private:
  struct Part {
    const LRSchedule* schedule;
    Progress progress;  // from the part's beginning, to its end
  };
  Part part_at(const Progress& p) const {
    size_t part = 0;
    double begin = 0;
    auto end = static_cast<double>(p.total_steps);
    for (size_t i = 0; i < milestones.size(); ++i) {
      const double at = updates_in(milestones[i], p);
      if (static_cast<double>(p.step) < at) {
        end = at;
        break;
      }
      part = i + 1;
      begin = std::ceil(at);
    }
    Progress inner = p;
    inner.step = p.step - static_cast<int64_t>(begin);
    inner.total_steps = end > begin ? static_cast<int64_t>(end - begin) : 0;
    return {schedules[part].get(), inner};
  }
};
DL_SCHEDULE(SequenceSchedule, "sequence");

}  // namespace
}  // namespace dl
