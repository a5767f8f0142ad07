// Mean squared error: the mean over all targets of (x - y)^2
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct MeanSquaredErrorMetric final : NumberMean {
  void describe_keys(Schema& s) override {
    s.summary("mean of the squared difference from the target");
    s.also_known_as({"mean_squared_error"});
    s.example("mse");
  }
  Value of(Value x, Value y) const override { return (x - y) * (x - y); }
};
DL_METRIC(MeanSquaredErrorMetric, "mse");

}  // namespace
}  // namespace dl
