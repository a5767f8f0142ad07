// Weighted absolute percentage error, as a share: sum |x - y| / sum |y| over all targets
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/counted.h"
#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct Wape final : Metric {
  void describe_keys(Schema& s) override {
    s.summary("sum of the absolute differences over the sum of the absolute targets");
    s.also_known_as({"WeightedMeanAbsolutePercentageError", "weighted_mean_absolute_percentage_error", "wmape"});
    s.example("wape");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::numbers}; }
  void add(Keep& keep, const Fields& f) const override {
    const Value x = as_predicted_numbers(f.prediction, f.target), counts = counted(f.target, {}, f.lengths);
    const auto whole = [&](Value v) { return sum(counts ? v * counts : v); };
    keep_mean(keep, whole(abs(x - f.target)), whole(abs(f.target)));
  }
  std::vector<double> figures(const Kept& kept) const override { return {mean_of(kept)}; }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(Wape, "wape");

}  // namespace
}  // namespace dl
