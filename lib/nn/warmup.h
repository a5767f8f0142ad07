// Durations in optimizer updates, the linear warm-up that schedules begin with, and falls behind it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/nn/schedule.h"

namespace dl {

// How many updates a duration of steps, epochs, samples or a share of the run is.
double updates_in(const Duration& d, const Progress& p);
// The units that a schedule's durations may have: what is repeatable.
const std::vector<Duration::Unit>& schedule_units();

// Whether the schedule says nothing of a run without a planned end, be it for a duration that is a share of the run.
bool is_told_by_the_end(const LRSchedule& schedule);

// A schedule whose factor rises linearly over the first n updates, as (step + 1) / (n + 1) as in nanoGPT, so
// that the first update after them is the first at 1, and then follows `after`.
struct WarmupSchedule : LRSchedule {
  Duration warmup = Duration::steps(0);
  double factor(const Progress& p) const final;
  virtual bool stays() const { return false; }  // whether the factor is 1 after the warm-up, as is meant

 protected:
  void describe_warmup(Schema& s);
  // done: updates after the warm-up; left: planned updates after it, 0 where there is no end.
  virtual double after(double done, double left, const Progress& p) const = 0;
};

// A schedule that goes from one factor to another in a time after its warm-up, and stays there.
struct FallSchedule : WarmupSchedule {
  std::optional<Duration> over;  // unset: to the run's planned end; without one it stays as it begins

 protected:
  void describe_fall(Schema& s, std::vector<std::string> known_as);  // `over`, and the warm-up
  double after(double done, double left, const Progress& p) const final;
  virtual double at(double share) const = 0;  // of the time, from 0 to 1
};

}  // namespace dl
