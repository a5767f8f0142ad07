// Balanced accuracy (Brodersen et al. 2010, doi:10.1109/ICPR.2010.764): the mean over the classes of the share of their
// targets that is right; adjusted (b - 1 / classes) / (1 - 1 / classes), 0 by chance
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct BalancedAccuracy final : ConfusionMetric {
  bool adjusted = false;

  void describe_keys(Schema& s) override {
    s.summary("mean over the classes of the share that is right: accuracy whatever the classes' sizes");
    s.details("Classes without targets do not count.");
    s.also_known_as({"BalancedAccuracy", "balanced_accuracy_score"});
    s.optional("adjusted", adjusted, "scaled so that chance is 0");
    rule.describe(s);
    s.example("balanced_accuracy");
    s.example("balanced_accuracy: {adjusted: true}");
  }
  std::vector<double> figures(const Kept& kept) const override {
    const ConfusionCounts c(kept);
    double sum = 0, there = 0;
    for (size_t k = 0; k < c.classes; ++k) {
      if (c.actual[k] == 0) continue;
      sum += c.at(k, k) / c.actual[k];
      ++there;
    }
    if (there == 0) return {std::numeric_limits<double>::quiet_NaN()};
    const double mean = sum / there, chance = 1 / there;
    return {adjusted ? (mean - chance) / (1 - chance) : mean};
  }
};
DL_METRIC(BalancedAccuracy, "balanced_accuracy");

}  // namespace
}  // namespace dl
