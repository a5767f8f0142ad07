// The time and samples of a stretch of training, without what is done between steps.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>

namespace dl {

struct Stretch {
  double begin = 0, waited = 0;  // for input, before it began
  int64_t samples = 0;

  double seconds(double now) const { return now - begin; }
  double samples_per_s(double now) const { return seconds(now) > 0 ? static_cast<double>(samples) / seconds(now) : 0; }
  double input_wait(double now, double waited_now) const {
    return seconds(now) > 0 ? std::clamp((waited_now - waited) / seconds(now), 0.0, 1.0) : 0;
  }
};

}  // namespace dl
