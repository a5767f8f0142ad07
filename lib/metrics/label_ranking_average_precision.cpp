// Label ranking average precision, as scikit-learn has it: the mean over the samples of the mean over the labels that
// are there of the share of such labels among those with no lower score
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct LabelRankingAveragePrecision final : QueryMetric {
  void describe_keys(Schema& s) override {
    s.summary("of labels beside each other, how many of those no lower than one that is there are there");
    s.details("1 for a sample of which all or none of the labels are there.");
    s.also_known_as({"MultilabelRankingAveragePrecision", "lrap", "label_ranking_average_precision_score"});
    s.example("label_ranking_average_precision");
  }
  double of(const std::vector<Answer>& ranked) const override {
    const double there = relevant(ranked, ranked.size());
    if (there == 0 || there == static_cast<double>(ranked.size())) return 1;
    double sum = 0, hits = 0;
    for (size_t begin = 0, end = 0; begin < ranked.size(); begin = end) {
      double own = 0;
      for (; end < ranked.size() && ranked[end].score == ranked[begin].score; ++end) own += ranked[end].relevance > 0;
      hits += own;
      sum += own * hits / static_cast<double>(end);
    }
    return sum / there;
  }
};
DL_METRIC(LabelRankingAveragePrecision, "label_ranking_average_precision");

}  // namespace
}  // namespace dl
