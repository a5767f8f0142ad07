// A model of the work: vectors of sums, each as long as the window's row.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/few_columns.h"

#include "lib/base/division.h"

namespace dl {

int64_t worthwhile_neighbours(int64_t channels, int64_t positions, int64_t taps, int64_t step, int lanes) {
  constexpr double least_gain = 0.85;  // smaller ones are lost to a longer window's zeros beside the image
  int64_t best = 1;
  double least = least_gain;
  const int64_t vectors = ceil_div(channels, lanes);
  for (int64_t n = 2; n * channels <= 2 * lanes; ++n) {
    if (positions % n != 0) continue;
    const double work = static_cast<double>(ceil_div(n * channels, lanes) * (taps + (n - 1) * step)) /
                        static_cast<double>(n * vectors * taps);
    if (work < least) {
      least = work;
      best = n;
    }
  }
  return best;
}

}  // namespace dl
