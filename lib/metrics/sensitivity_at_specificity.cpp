// Largest recall of a class at a specificity
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct SensitivityAtSpecificity final : RankMetric {
  double specificity = 0.9;

  void describe_keys(Schema& s) override {
    s.summary("largest recall of a class at a specificity");
    s.details("Exact, over the whole set, at the best threshold; of several classes each against the others.");
    s.also_known_as({"SensitivityAtSpecificity", "tpr_at_fpr"});
    s.optional("specificity", specificity, "the specificity that is asked for").at_least(0).at_most(1).positional();
    describe_average(s);
    s.example("sensitivity_at_specificity: 0.9");
  }
  double of(std::span<const Ranked> sorted) const override {
    double positives = 0, negatives = 0;
    for (const Ranked& each : sorted) ++(each.positive ? positives : negatives);
    double best = 0, hits = 0, wrong = 0;
    const auto consider = [&] {
      if ((negatives - wrong) / negatives >= specificity) best = std::max(best, hits / positives);
    };
    consider();
    for_each_tie(sorted, [&](double right, double others) {
      hits += right;
      wrong += others;
      consider();
    });
    return positives > 0 && negatives > 0 ? best : std::numeric_limits<double>::quiet_NaN();
  }
};
DL_METRIC(SensitivityAtSpecificity, "sensitivity_at_specificity");

}  // namespace
}  // namespace dl
