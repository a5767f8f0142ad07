// Cohen's kappa (1960, doi:10.1177/001316446002000104; weighted 1968, doi:10.1037/h0026256): 1 - sum w observed / sum w
// expected, where the weight w of two classes i and j is 1 for different ones, |i - j| or (i - j)^2
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct CohenKappa final : ConfusionMetric {
  std::string weights = "none";

  void describe_keys(Schema& s) override {
    s.summary("agreement of targets and predictions beyond that of chance");
    s.details("No figure where all targets and all predictions are of one class.");
    s.also_known_as({"kappa", "CohenKappa", "cohen_kappa_score", "quadratic_weighted_kappa"});
    s.optional("weights", weights, "of a mistake between ordered classes: linear or quadratic in their distance")
        .one_of({"none", "linear", "quadratic"});
    rule.describe(s);
    s.example("cohen_kappa");
    s.example("cohen_kappa: {weights: quadratic}");
  }
  std::vector<double> figures(const Kept& kept) const override {
    const ConfusionCounts c(kept);
    double observed = 0, expected = 0;
    for (size_t t = 0; t < c.classes; ++t)
      for (size_t d = 0; d < c.classes; ++d) {
        const double apart = std::abs(static_cast<double>(t) - static_cast<double>(d));
        const double w = weights == "linear" ? apart : weights == "quadratic" ? apart * apart : apart > 0 ? 1 : 0;
        observed += w * c.at(t, d);
        expected += w * c.actual[t] * c.predicted[d];
      }
    return {expected > 0 ? 1 - observed * c.all / expected : std::numeric_limits<double>::quiet_NaN()};
  }
};
DL_METRIC(CohenKappa, "cohen_kappa");

}  // namespace
}  // namespace dl
