// Mean reciprocal rank (Voorhees 1999): the mean over the queries of 1 over the rank of the first relevant answer; of
// equal scores the mean over their orders
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/text.h"
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct MeanReciprocalRank final : QueryMetric {
  std::optional<int64_t> top_k;

  void describe_keys(Schema& s) override {
    s.summary("one over the rank of the first relevant answer");
    s.details(concat("0 for a query without a relevant answer. ", orders_of_equal_scores));
    s.also_known_as({"RetrievalMRR", "mean_reciprocal_rank", "MRR"});
    describe_top_k(s, top_k);
    s.example("mrr");
    s.example("mrr: {top_k: 10, group: query}");
  }
  double of(const std::vector<Answer>& ranked) const override {
    for (const EqualAnswers& equal : equal_answers(ranked, top_k)) {
      if (equal.relevant == 0) continue;
      double sum = 0, none_before = 1;  // the chance
      for (size_t i = 0; i < equal.first; ++i) {
        const double chance = std::min(1.0, static_cast<double>(equal.relevant) / static_cast<double>(equal.count - i));
        sum += none_before * chance / static_cast<double>(equal.before + i + 1);
        none_before *= 1 - chance;
      }
      return sum;
    }
    return 0;
  }
};
DL_METRIC(MeanReciprocalRank, "mrr");

}  // namespace
}  // namespace dl
