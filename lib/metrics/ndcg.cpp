// Normalized discounted cumulative gain (Järvelin and Kekäläinen 2002, doi:10.1145/582415.582418), as scikit-learn's
// ndcg_score: sum relevance / log2(rank + 1) over that of the best order, equal scores having the mean of their
// discounts
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>

#include "lib/base/text.h"
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct Ndcg final : QueryMetric {
  std::optional<int64_t> top_k;

  void describe_keys(Schema& s) override {
    s.summary("how much of what is relevant stands first, by how relevant it is");
    s.details(concat("0 for a query without a relevant answer. ", orders_of_equal_scores));
    s.also_known_as({"RetrievalNormalizedDCG", "ndcg_score", "NDCG", "normalized_discounted_cumulative_gain"});
    describe_top_k(s, top_k);
    s.example("ndcg");
    s.example("ndcg: {top_k: 10, group: query}");
  }
  double of(const std::vector<Answer>& ranked) const override {
    std::vector<Answer> best = ranked;
    for (Answer& answer : best) answer.score = answer.relevance;
    std::ranges::sort(best, std::greater<>(), &Answer::score);
    const double ideal = gain(best);
    return ideal > 0 ? gain(ranked) / ideal : 0;
  }

 private:
  double gain(const std::vector<Answer>& ranked) const {
    const size_t first = first_answers(ranked, top_k);
    double sum = 0;
    for (size_t begin = 0, end = 0; begin < ranked.size(); begin = end) {
      double relevance = 0, discounts = 0;
      for (; end < ranked.size() && ranked[end].score == ranked[begin].score; ++end) {
        relevance += ranked[end].relevance;
        if (end < first) discounts += 1 / std::log2(static_cast<double>(end) + 2);
      }
      sum += relevance * discounts / static_cast<double>(end - begin);
    }
    return sum;
  }
};
DL_METRIC(Ndcg, "ndcg");

}  // namespace
}  // namespace dl
