// Mean reciprocal rank (Voorhees 1999): the mean over the queries of 1 over the rank of the first relevant answer
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct MeanReciprocalRank final : QueryMetric {
  std::optional<int64_t> top_k;

  void describe_keys(Schema& s) override {
    s.summary("one over the rank of the first relevant answer");
    s.details("0 for a query without a relevant answer.");
    s.also_known_as({"RetrievalMRR", "mean_reciprocal_rank", "MRR"});
    describe_top_k(s, top_k);
    s.example("mrr");
    s.example("mrr: {top_k: 10, group: query}");
  }
  double of(const std::vector<Answer>& ranked) const override {
    for (size_t i = 0; i < first_answers(ranked, top_k); ++i)
      if (ranked[i].relevance > 0) return 1 / static_cast<double>(i + 1);
    return 0;
  }
};
DL_METRIC(MeanReciprocalRank, "mrr");

}  // namespace
}  // namespace dl
