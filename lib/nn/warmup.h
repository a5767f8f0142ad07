// Durations in optimizer updates, and the linear warm-up that every schedule begins with.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/schedule.h"

namespace dl {

// How many updates a duration of steps, epochs or samples is.
double updates_in(const Duration& d, const Progress& p);

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

}  // namespace dl
