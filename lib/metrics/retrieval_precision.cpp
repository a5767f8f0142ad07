// Precision of retrieval: the mean over the queries of the share of the first top_k answers that is relevant
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct RetrievalPrecision final : QueryMetric {
  std::optional<int64_t> top_k;

  void describe_keys(Schema& s) override {
    s.summary("share of the first answers that is relevant");
    s.details(std::string(orders_of_equal_scores));
    s.also_known_as({"RetrievalPrecision", "precision_at_k"});
    describe_top_k(s, top_k);
    s.example("retrieval_precision");
    s.example("retrieval_precision: {top_k: 10, group: query}");
  }
  double of(const std::vector<Answer>& ranked) const override {
    const size_t first = first_answers(ranked, top_k);
    return relevant(ranked, first) / static_cast<double>(top_k ? static_cast<size_t>(*top_k) : first);
  }
};
DL_METRIC(RetrievalPrecision, "retrieval_precision");

}  // namespace
}  // namespace dl
