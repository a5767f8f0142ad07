// The axis of a chart: its range, its round numbers, and where a value lies on it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace dl {

struct Scale {
  double least = 0, most = 1;
  bool logarithmic = false;
  std::vector<double> ticks;  // round numbers within the range

  double share(double value) const;  // 0 at the least value, 1 at the most
};

struct ScaleOptions {
  size_t ticks = 5;          // about as many
  bool whole = false;        // ticks are whole numbers, as of steps
  bool logarithmic = false;  // of values above 0
  bool to_ticks = true;      // the range begins and ends at a tick; of a logarithm, a little beyond the values
};

// For values from `least` to `most`, both finite.
Scale scale_of(double least, double most, const ScaleOptions& options);

std::string tick_text(double value);  // 0.25, 1500, 20k, 1e-04

}  // namespace dl
