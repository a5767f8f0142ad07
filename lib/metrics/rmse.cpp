// Root mean squared error: the root of the mean over all targets of (x - y)^2
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct RootMeanSquaredError final : Metric {
  void describe_keys(Schema& s) override {
    s.summary("root of the mean squared difference from the target");
    s.also_known_as({"root_mean_squared_error", "RootMeanSquaredError"});
    s.example("rmse");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::numbers}; }
  void add(Keep& keep, const Fields& f) const override {
    const Value d = as_predicted_numbers(f.prediction, f.target) - f.target;
    keep_mean_of(keep, d * d, f.lengths);
  }
  std::vector<double> figures(const Kept& kept) const override { return {std::sqrt(mean_of(kept))}; }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(RootMeanSquaredError, "rmse");

}  // namespace
}  // namespace dl
