// Mean absolute error: the mean over all targets of |x - y|
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct MeanAbsoluteError final : Metric {
  void describe(Schema& s) override {
    s.summary("mean of the absolute difference from the target");
    s.also_known_as({"mean_absolute_error", "MeanAbsoluteError", "l1"});
    s.example("mae");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::numbers}; }
  Sums build(Value prediction, Value target) const override {
    const Value d = as_predicted_numbers(prediction, target) - target;
    return {sum(abs(d)), constant(*target.graph, static_cast<double>(target.shape().elements()))};
  }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(MeanAbsoluteError, "mae");

}  // namespace
}  // namespace dl
