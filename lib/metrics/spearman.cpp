// Spearman's rank correlation (1904, doi:10.2307/1412159): Pearson's of the ranks, equal values having the mean of
// theirs
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return values[i]; });
  std::vector<double> rank(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) rank[order[i]] = 0.5 * static_cast<double>(begin + end - 1);
  }
  return rank;
}

struct Spearman final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("correlation of the ranks of predictions and targets: 1 where both have the same order");
    s.details("Of several numbers a sample, the mean over them. No figure where one of both does not vary.");
    s.also_known_as({"SpearmanCorrCoef", "spearmanr", "rank_correlation"});
    s.example("spearman");
  }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    return correlation(ranks(x), ranks(y));
  }
};
DL_METRIC(Spearman, "spearman");

}  // namespace
}  // namespace dl
