// Mean squared error: the mean over all targets of (x - y)^2
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct MeanSquaredErrorMetric final : Metric {
  void describe(Schema& s) override {
    s.summary("mean of the squared difference from the target");
    s.also_known_as({"mean_squared_error"});
    s.example("mse");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::numbers}; }
  Sums build(Value prediction, Value target) const override {
    const Value d = as_predicted_numbers(prediction, target) - target;
    return {sum(d * d), constant(*target.graph, static_cast<double>(target.shape().elements()))};
  }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(MeanSquaredErrorMetric, "mse");

}  // namespace
}  // namespace dl
