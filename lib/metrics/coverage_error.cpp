// Coverage error, as scikit-learn has it: the mean over the samples of how many labels have no lower score than the
// lowest of those that are there
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/query_metric.h"

namespace dl {
namespace {

struct CoverageError final : QueryMetric {
  void describe_keys(Schema& s) override {
    s.summary("of labels beside each other, how far down one must go to have all that are there");
    s.also_known_as({"MultilabelCoverageError"});
    s.example("coverage_error");
  }
  bool higher_is_better() const override { return false; }
  double of(const std::vector<Answer>& ranked) const override {
    size_t last = ranked.size();
    while (last > 0 && ranked[last - 1].relevance <= 0) --last;
    while (last > 0 && last < ranked.size() && ranked[last].score == ranked[last - 1].score) ++last;
    return static_cast<double>(last);
  }
};
DL_METRIC(CoverageError, "coverage_error");

}  // namespace
}  // namespace dl
