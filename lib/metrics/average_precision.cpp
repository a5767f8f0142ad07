// Average precision, as scikit-learn has it: the sum over the thresholds, from the highest, of
// (recall_n - recall_(n-1)) precision_n, where equal scores are one threshold
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct AveragePrecision final : RankMetric {
  void describe_keys(Schema& s) override {
    s.summary("precision at every recall, averaged: the area under their curve, without interpolation");
    s.details(
        "Exact, over the whole set; of several classes each against the others. No figure where a class is "
        "missing.");
    s.also_known_as({"average_precision_score", "AveragePrecision", "pr_auc", "auprc", "map"});
    describe_average(s);
    s.example("average_precision");
    s.example("average_precision: {average: per_class}");
  }
  double of(std::span<const Ranked> sorted) const override {
    double hits = 0, all = 0, sum = 0;
    for_each_tie(sorted, [&](double positives, double negatives) {
      hits += positives;
      all += positives + negatives;
      sum += positives * hits / all;
    });
    return hits > 0 ? sum / hits : std::numeric_limits<double>::quiet_NaN();
  }
};
DL_METRIC(AveragePrecision, "average_precision");

}  // namespace
}  // namespace dl
