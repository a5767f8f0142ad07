// Root mean squared error: the root of the mean over all targets of (x - y)^2
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct RootMeanSquaredError final : Metric {
  void describe(Schema& s) override {
    s.summary("root of the mean squared difference from the target");
    s.also_known_as({"root_mean_squared_error", "RootMeanSquaredError"});
    s.example("rmse");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::numbers}; }
  Sums build(Value prediction, Value target) const override {
    const Value d = as_predicted_numbers(prediction, target) - target;
    return {sum(d * d), constant(*target.graph, static_cast<double>(target.shape().elements()))};
  }
  double value(double sum, double count) const override { return std::sqrt(sum / count); }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(RootMeanSquaredError, "rmse");

}  // namespace
}  // namespace dl
