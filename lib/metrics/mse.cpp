// Mean squared error: the mean over all targets of (x - y)^2
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct MeanSquaredErrorMetric final : Metric {
  void describe_keys(Schema& s) override {
    s.summary("mean of the squared difference from the target");
    s.also_known_as({"mean_squared_error"});
    s.example("mse");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::numbers}; }
  void add(Keep& keep, const Fields& f) const override {
    const Value d = as_predicted_numbers(f.prediction, f.target) - f.target;
    keep_mean_of(keep, d * d, f.lengths);
  }
  std::vector<double> figures(const Kept& kept) const override { return {mean_of(kept)}; }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(MeanSquaredErrorMetric, "mse");

}  // namespace
}  // namespace dl
