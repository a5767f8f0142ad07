// Label ranking loss, as scikit-learn has it: the mean over the samples of the share of pairs of a label that is there
// and one that is not of which the first has no higher score
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct LabelRankingLoss final : QueryMetric {
  void describe_keys(Schema& s) override {
    s.summary("of labels beside each other, the share of pairs that stand in the wrong order");
    s.details("0 for a sample of which all or none of the labels are there.");
    s.also_known_as({"MultilabelRankingLoss"});
    s.example("label_ranking_loss");
  }
  bool higher_is_better() const override { return false; }
  double of(const std::vector<Answer>& ranked) const override {
    const double there = relevant(ranked, ranked.size()), others = static_cast<double>(ranked.size()) - there;
    if (there == 0 || others == 0) return 0;
    double wrong = 0, others_above = 0;
    for (size_t begin = 0, end = 0; begin < ranked.size(); begin = end) {
      double own = 0;
      for (; end < ranked.size() && ranked[end].score == ranked[begin].score; ++end) own += ranked[end].relevance > 0;
      others_above += static_cast<double>(end - begin) - own;
      wrong += own * others_above;
    }
    return wrong / (there * others);
  }
};
DL_METRIC(LabelRankingLoss, "label_ranking_loss");

}  // namespace
}  // namespace dl
