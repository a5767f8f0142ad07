// Area under the ROC curve (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747): the probability that a target
// of the class has a higher score than another, equal scores counting half
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct RocAuc final : RankMetric {
  void describe_keys(Schema& s) override {
    s.summary("area under the ROC curve: how often a target of the class has a higher score than another");
    s.details(
        "Exact, over the whole set; of several classes each against the others. No figure where a class is "
        "missing, or is all there is.");
    s.also_known_as({"auc", "auroc", "AUROC", "AUC", "roc_auc_score", "BinaryAUROC"});
    describe_average(s);
    s.example("roc_auc");
    s.example("roc_auc: {average: weighted}");
  }
  double of(std::span<const Ranked> sorted) const override {
    double above = 0, pairs = 0, negatives_all = 0;
    for_each_tie(sorted, [&](double positives, double negatives) {
      pairs += negatives * (above + positives / 2);
      above += positives;
      negatives_all += negatives;
    });
    return above > 0 && negatives_all > 0 ? pairs / (above * negatives_all) : std::numeric_limits<double>::quiet_NaN();
  }
};
DL_METRIC(RocAuc, "roc_auc");

}  // namespace
}  // namespace dl
