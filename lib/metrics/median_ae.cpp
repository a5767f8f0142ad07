// Median absolute error: the median of |x - y|
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <utility>

#include "lib/nn/ranking.h"

namespace dl {
namespace {

struct MedianAbsoluteError final : NumberPairs {
  void describe_keys(Schema& s) override {
    s.summary("median of the absolute difference from the target: outliers do not count");
    s.details("Of several numbers a sample, the mean over them.");
    s.also_known_as({"median_absolute_error", "MedianAbsoluteError"});
    s.example("median_ae");
  }
  bool higher_is_better() const override { return false; }
  double of(const std::vector<double>& x, const std::vector<double>& y) const override {
    std::vector<double> apart;
    for (size_t i = 0; i < y.size(); ++i) apart.push_back(std::abs(x[i] - y[i]));
    return median(std::move(apart));
  }
};
DL_METRIC(MedianAbsoluteError, "median_ae");

}  // namespace
}  // namespace dl
