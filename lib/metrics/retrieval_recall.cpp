// Recall of retrieval: the mean over the queries of the share of the relevant answers that is among the first top_k
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct RetrievalRecall final : QueryMetric {
  std::optional<int64_t> top_k;

  void describe_keys(Schema& s) override {
    s.summary("share of the relevant answers that is among the first");
    s.details(concat("0 for a query without a relevant answer. ", orders_of_equal_scores));
    s.also_known_as({"RetrievalRecall", "recall_at_k"});
    describe_top_k(s, top_k);
    s.example("retrieval_recall");
    s.example("retrieval_recall: {top_k: 10, group: query}");
  }
  double of(const std::vector<Answer>& ranked) const override {
    const double all = relevant(ranked, ranked.size());
    return all > 0 ? relevant(ranked, first_answers(ranked, top_k)) / all : 0;
  }
};
DL_METRIC(RetrievalRecall, "retrieval_recall");

}  // namespace
}  // namespace dl
