// How long a run has taken, and how fast it is. Times are seconds.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/base/clock.h"
#include "lib/train/loop/stretch.h"

namespace dl {

struct Pace {
  double before_s = 0;              // of training, in the processes before this one
  double begin = steady_seconds();  // of fit()
  double epoch_begin = 0;
  Stretch interval, whole;  // since the last record, since the first step of this process

  double now() const { return steady_seconds() - begin; }  // of this process
  double time_s() const { return before_s + steady_seconds() - begin; }
  void begin_steps() { epoch_begin = interval.begin = whole.begin = steady_seconds(); }
  void saw(int64_t samples) {
    interval.samples += samples;
    whole.samples += samples;
  }
  // What is done between steps is no step's time.
  template <class Do>
  void aside(Do&& work) {
    const double start = steady_seconds();
    work();
    const double took = steady_seconds() - start;
    interval.begin += took;
    whole.begin += took;
  }
};

}  // namespace dl
