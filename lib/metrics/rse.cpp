// Relative squared error, as torchmetrics': sum (y - x)^2 / sum (y - mean y)^2
// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct RelativeSquaredError final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("squared errors over those of the targets' mean: 1 - r2");
    s.details("Of several numbers a sample, the mean over them. No figure for targets that do not vary.");
    s.also_known_as({"RelativeSquaredError", "relative_squared_error"});
    s.example("rse");
  }
  bool higher_is_better() const override { return false; }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    const double mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(y.size());
    double missed = 0, all = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      missed += (y[i] - x[i]) * (y[i] - x[i]);
      all += (y[i] - mean) * (y[i] - mean);
    }
    return all > 0 ? missed / all : std::numeric_limits<double>::quiet_NaN();
  }
};
DL_METRIC(RelativeSquaredError, "rse");

}  // namespace
}  // namespace dl
