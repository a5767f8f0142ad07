// How often something is done in a run: every so many steps, every part of an epoch, or every so many seconds.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lib/spec/units.h"

namespace dl {

class Cadence {
 public:
  Cadence(const Duration& every, int64_t steps_per_epoch) {
    if (every.unit == Duration::Unit::seconds)
      seconds_ = every.value;
    else
      steps_ = std::max(1.0, every.value * (every.unit == Duration::Unit::epochs ? double(steps_per_epoch) : 1));
  }

  // Whether it is due after `step` updates, `now` seconds into this process's part of the run. Time is counted from
  // done(). A part of an epoch that is no whole number of steps has passed with the step in which it ends: of 10 steps
  // a quarter with the 3rd, 5th, 8th and 10th, so that it stays with the epochs.
  bool due(int64_t step, double now) const {
    return steps_ > 0 ? passed(step) > passed(step - 1) : now - last_ >= seconds_;
  }
  void done(double now) { last_ = now; }
  // It was done so many seconds before this process's part of the run.
  void done_before(double seconds) { last_ = -seconds; }

 private:
  // How often it was due; 0.1 epochs of 30 steps are 3, and not a little more.
  double passed(int64_t step) const { return std::floor(double(step) / steps_ + 1e-9); }

  double steps_ = 0;  // 0: by time
  double seconds_ = 0;
  double last_ = 0;
};

}  // namespace dl
