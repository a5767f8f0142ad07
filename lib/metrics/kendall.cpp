// Kendall's rank correlation tau-b (1945, doi:10.2307/2332303), by Knight's way of counting in n log n (1966,
// doi:10.2307/2282833): (concordant - discordant pairs) / sqrt(pairs that differ in x times those that differ in y)
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct Kendall final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("of two samples, how much likelier they are in the right order than in the wrong one");
    s.details("Of several numbers a sample, the mean over them. No figure where one of both does not vary.");
    s.also_known_as({"KendallRankCorrCoef", "kendalltau", "kendall_tau"});
    s.example("kendall");
  }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    std::vector<size_t> order(x.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::sort(order, [&](size_t a, size_t b) { return x[a] != x[b] ? x[a] < x[b] : y[a] < y[b]; });
    std::vector<double> by_x, other;
    for (const size_t i : order) {
      by_x.push_back(x[i]);
      other.push_back(y[i]);
    }
    double equal_in_both = 0, run = 1;
    for (size_t i = 1; i < order.size(); ++i) {
      run = by_x[i] == by_x[i - 1] && other[i] == other[i - 1] ? run + 1 : 1;
      equal_in_both += run - 1;
    }
    const double swaps = sorted_in_place(other), equal_in_x = ties(by_x), equal_in_y = ties(other);
    const auto n = static_cast<double>(x.size());
    const double pairs = n * (n - 1) / 2, below = (pairs - equal_in_x) * (pairs - equal_in_y);
    if (below <= 0) return std::numeric_limits<double>::quiet_NaN();
    return (pairs - equal_in_x - equal_in_y + equal_in_both - 2 * swaps) / std::sqrt(below);
  }

 private:
  // Pairs of equal values that lie together.
  static double ties(std::span<const double> sorted) {
    double pairs = 0, run = 1;
    for (size_t i = 1; i < sorted.size(); ++i) {
      run = sorted[i] == sorted[i - 1] ? run + 1 : 1;
      pairs += run - 1;
    }
    return pairs;
  }
  // Sorts by merging; how many pairs were in the wrong order.
  static double sorted_in_place(std::span<double> values) {
    if (values.size() < 2) return 0;
    const size_t half = values.size() / 2;
    double swaps = sorted_in_place(values.first(half)) + sorted_in_place(values.subspan(half));
    std::vector<double> merged;
    for (size_t a = 0, b = half; merged.size() < values.size();) {
      if (b == values.size() || (a < half && values[a] <= values[b])) {
        merged.push_back(values[a++]);
      } else {
        merged.push_back(values[b++]);
        swaps += static_cast<double>(half - a);
      }
    }
    std::ranges::copy(merged, values.begin());
    return swaps;
  }
};
DL_METRIC(Kendall, "kendall");

}  // namespace
}  // namespace dl
