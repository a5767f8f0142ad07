// Largest specificity of a class at a recall
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct SpecificityAtSensitivity final : RankMetric {
  double sensitivity = 0.9;

  void describe_keys(Schema& s) override {
    s.summary("largest specificity of a class at a recall");
    s.details("Exact, over the whole set, at the best threshold; of several classes each against the others.");
    s.also_known_as({"SpecificityAtSensitivity"});
    s.optional("sensitivity", sensitivity, "the recall that is asked for").at_least(0).at_most(1).positional();
    describe_average(s);
    s.example("specificity_at_sensitivity: 0.9");
  }
  double of(std::span<const Ranked> sorted) const override {
    double positives = 0, negatives = 0;
    for (const Ranked& each : sorted) ++(each.positive ? positives : negatives);
    double best = 0, hits = 0, wrong = 0;
    const auto consider = [&] {
      if (hits / positives >= sensitivity) best = std::max(best, (negatives - wrong) / negatives);
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
DL_METRIC(SpecificityAtSensitivity, "specificity_at_sensitivity");

}  // namespace
}  // namespace dl
