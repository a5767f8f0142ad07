// The learning rate times gamma after each period, or at each of several milestones
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct StepSchedule final : WarmupSchedule {
  std::optional<Duration> every, start;
  std::vector<Duration> milestones;
  double gamma = 0.1;

  void describe(Schema& s) override {
    s.summary("the learning rate falls by a factor at regular times or at milestones");
    s.also_known_as({"step_lr", "StepLR", "multi_step", "MultiStepLR", "PiecewiseConstantDecay", "piecewise_constant"});
    const std::vector<Duration::Unit>& units = schedule_units();
    s.optional("every", every, "time between two falls").above(0).units(units).known_as({"step_size"});
    s.optional("start", start,
               "with 'every': when the first period begins; the first fall is at its end; 0 if left out")
        .above(0)
        .units(units);
    s.optional("milestones", milestones, "times of the falls, from the run's start").above(0).units(units);
    s.optional("gamma", gamma, "factor of a fall").above(0).at_most(1).known_as({"decay_rate", "factor"});
    describe_warmup(s);
    s.example("step: {every: 30 epochs, gamma: 0.1}");
    s.example("step: {every: 1 epoch, start: 5 epochs, gamma: 0.5}");
    s.example("step: {milestones: [80 epochs, 120 epochs]}");
    s.check([this](const Report& report) {
      if (every.has_value() == !milestones.empty())
        report("expected either 'every' or 'milestones'",
               "write 'every: 30 epochs' or 'milestones: [80 epochs, 120 epochs]'");
      if (start && !every) report.at("start", "only the periods of 'every' have a start", "leave 'start' out");
    });
  }

  double after(double, double, const Progress& p) const override {
    const double step = static_cast<double>(p.step);
    double falls = 0;
    if (every) falls = std::max(0.0, std::floor((step - (start ? updates_in(*start, p) : 0)) / updates_in(*every, p)));
    for (const Duration& d : milestones) falls += step >= updates_in(d, p) ? 1 : 0;
    return std::pow(gamma, falls);
  }
};
DL_SCHEDULE(StepSchedule, "step");

}  // namespace
}  // namespace dl
