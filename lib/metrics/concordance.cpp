// Concordance correlation (Lin 1989, doi:10.2307/2532051): 2 cov(x, y) / (var(x) + var(y) + (mean x - mean y)^2)
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct Concordance final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("correlation that is 1 only where predictions equal the targets, not where they are on a line");
    s.details("Of several numbers a sample, the mean over them. No figure where nothing varies.");
    s.also_known_as({"ConcordanceCorrCoef", "ccc", "concordance_correlation"});
    s.example("concordance");
  }
  // Variances over n, as Lin has them.
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    const auto n = static_cast<double>(x.size());
    double mean_x = 0, mean_y = 0, both = 0, of_x = 0, of_y = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      mean_x += x[i] / n;
      mean_y += y[i] / n;
    }
    for (size_t i = 0; i < x.size(); ++i) {
      both += (x[i] - mean_x) * (y[i] - mean_y) / n;
      of_x += (x[i] - mean_x) * (x[i] - mean_x) / n;
      of_y += (y[i] - mean_y) * (y[i] - mean_y) / n;
    }
    const double below = of_x + of_y + (mean_x - mean_y) * (mean_x - mean_y);
    return below > 0 ? 2 * both / below : std::numeric_limits<double>::quiet_NaN();
  }
};
DL_METRIC(Concordance, "concordance");

}  // namespace
}  // namespace dl
