// Mean average precision of retrieval: the mean over the queries of the mean over the relevant answers of the share of
// relevant ones up to each; of equal scores the mean over their orders
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct RetrievalMap final : QueryMetric {
  std::optional<int64_t> top_k;

  void describe_keys(Schema& s) override {
    s.summary("mean over the relevant answers of the precision up to each");
    s.details(concat("0 for a query without a relevant answer. ", orders_of_equal_scores));
    s.also_known_as({"RetrievalMAP", "mean_average_precision"});
    describe_top_k(s, top_k);
    s.example("retrieval_map");
    s.example("retrieval_map: {top_k: 10, group: query}");
  }
  double of(const std::vector<Answer>& ranked) const override {
    double hits = 0, sum = 0;
    for (const EqualAnswers& equal : equal_answers(ranked, top_k)) {
      if (equal.first < equal.count) return of_cut(equal, hits, sum);
      sum += precisions(equal, static_cast<double>(equal.relevant), hits);
      hits += static_cast<double>(equal.relevant);
    }
    return hits > 0 ? sum / hits : 0;
  }

 private:
  // The mean over the orders of the sum of the precisions up to each of `relevant` among equal answers that are first,
  // behind so many hits.
  static double precisions(const EqualAnswers& equal, double relevant, double hits) {
    if (relevant == 0) return 0;
    const auto count = static_cast<double>(equal.first);
    double sum = 0;
    for (size_t i = 0; i < equal.first; ++i) {
      const double hits_between = i == 0 ? 0 : static_cast<double>(i) * (relevant - 1) / (count - 1);
      sum += (hits + hits_between + 1) / static_cast<double>(equal.before + i + 1);
    }
    return relevant / count * sum;
  }
  // Of which not all are among the first: by how many relevant ones are.
  static double of_cut(const EqualAnswers& equal, double hits, double sum) {
    double mean = 0;
    const std::vector<double> chances = chances_of_relevant(equal);
    for (size_t h = 0; h < chances.size(); ++h) {
      const auto relevant = static_cast<double>(h);
      if (hits + relevant > 0) mean += chances[h] * (sum + precisions(equal, relevant, hits)) / (hits + relevant);
    }
    return mean;
  }
};
DL_METRIC(RetrievalMap, "retrieval_map");

}  // namespace
}  // namespace dl
