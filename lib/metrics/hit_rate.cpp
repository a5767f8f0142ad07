// Hit rate: the share of queries with a relevant answer among the first top_k; of equal scores the mean over their
// orders
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct HitRate final : QueryMetric {
  std::optional<int64_t> top_k;

  void describe_keys(Schema& s) override {
    s.summary("share of queries with a relevant answer among the first");
    s.details(concat(
        "Of vectors, as 'triplet' compares them, 'hit_rate: 1' is their recall at 1: of at most 2000 of the set, each "
        "among all others. ",
        orders_of_equal_scores));
    s.also_known_as({"RetrievalHitRate", "hits_at_k"});
    describe_top_k(s, top_k);
    s.example("hit_rate");
    s.example("hit_rate: {top_k: 10, group: query}");
  }
  double of(const std::vector<Answer>& ranked) const override {
    for (const EqualAnswers& equal : equal_answers(ranked, top_k))
      if (equal.relevant > 0) return equal.first == equal.count ? 1 : 1 - chances_of_relevant(equal)[0];
    return 0;
  }
};
DL_METRIC(HitRate, "hit_rate");

}  // namespace
}  // namespace dl
