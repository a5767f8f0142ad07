// How often something is done in a run: every so many steps, or every so many seconds.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/spec/units.h"

namespace dl {

class Cadence {
 public:
  Cadence(const Duration& every, int64_t steps_per_epoch) {
    if (every.unit == Duration::Unit::seconds)
      seconds_ = every.value;
    else
      steps_ = whole_steps(every, steps_per_epoch);
  }

  // Whether it is due after `step` updates, `now` seconds into this process's part of the run. Time is counted from
  // done().
  bool due(int64_t step, double now) const { return steps_ > 0 ? step % steps_ == 0 : now - last_ >= seconds_; }
  void done(double now) { last_ = now; }

 private:
  int64_t steps_ = 0;  // 0: by time
  double seconds_ = 0;
  double last_ = 0;
};

}  // namespace dl
