// Coefficient of determination: 1 - sum (y - x)^2 / sum (y - mean y)^2
// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct R2 final : NumberPairs {
  int64_t adjusted = 0;

  void describe_keys(Schema& s) override {
    s.summary("share of the targets' variance that the predictions explain; 0 for their mean, below for worse");
    s.details(
        "Of several numbers a sample, the mean over them. Of targets that do not vary it is 1 where all are right, "
        "else 0, as in scikit-learn; no figure for a single target.");
    s.also_known_as({"R2Score", "r2_score", "r_squared", "coefficient_of_determination"});
    s.optional(
         "adjusted", adjusted,
         "numbers that the model sees of a sample, for which it is lowered: 1 - (1 - r2) (n - 1) / (n - adjusted - 1)")
        .at_least(0);
    s.example("r2");
    s.example("r2: {adjusted: 8}");
  }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    if (y.size() < 2) return std::numeric_limits<double>::quiet_NaN();
    const double mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(y.size());
    double missed = 0, all = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      missed += (y[i] - x[i]) * (y[i] - x[i]);
      all += (y[i] - mean) * (y[i] - mean);
    }
    const double r2 = all > 0 ? 1 - missed / all : missed == 0 ? 1 : 0;
    if (adjusted == 0) return r2;
    const auto n = static_cast<double>(y.size()), left = n - static_cast<double>(adjusted) - 1;
    return left > 0 ? 1 - (1 - r2) * (n - 1) / left : std::numeric_limits<double>::quiet_NaN();
  }
};
DL_METRIC(R2, "r2");

}  // namespace
}  // namespace dl
