// Mean average precision of retrieval: the mean over the queries of the mean over the relevant answers of the share of
// relevant ones up to each
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct RetrievalMap final : QueryMetric {
  std::optional<int64_t> top_k;

  void describe_keys(Schema& s) override {
    s.summary("mean over the relevant answers of the precision up to each");
    s.details("0 for a query without a relevant answer.");
    s.also_known_as({"RetrievalMAP", "mean_average_precision"});
    describe_top_k(s, top_k);
    s.example("retrieval_map");
    s.example("retrieval_map: {top_k: 10, group: query}");
  }
  double of(const std::vector<Answer>& ranked) const override {
    double hits = 0, sum = 0;
    for (size_t i = 0; i < first_answers(ranked, top_k); ++i) {
      if (ranked[i].relevance <= 0) continue;
      hits += 1;
      sum += hits / static_cast<double>(i + 1);
    }
    return hits > 0 ? sum / hits : 0;
  }
};
DL_METRIC(RetrievalMap, "retrieval_map");

}  // namespace
}  // namespace dl
