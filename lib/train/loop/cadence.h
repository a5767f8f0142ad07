// How often something is done in a run: every so many steps, or every so many seconds.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "lib/base/error.h"
#include "lib/spec/units.h"

namespace dl {

class Cadence {
 public:
  // A part of an epoch is rounded to steps, at least one.
  Cadence(const Duration& every, int64_t steps_per_epoch) {
    DL_CHECK(every.unit != Duration::Unit::samples, every.text());
    if (every.unit == Duration::Unit::seconds)
      seconds_ = every.value;
    else
      steps_ = std::llround(
          std::clamp(every.value * (every.unit == Duration::Unit::epochs ? static_cast<double>(steps_per_epoch) : 1),
                     1.0, 0x1p62));
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
