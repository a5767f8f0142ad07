// Root mean squared error: the root of the mean over all targets of (x - y)^2
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct RootMeanSquaredError final : NumberMean {
  void describe_keys(Schema& s) override {
    s.summary("root of the mean squared difference from the target");
    s.also_known_as({"root_mean_squared_error", "RootMeanSquaredError"});
    s.example("rmse");
  }
  Value of(Value x, Value y) const override { return (x - y) * (x - y); }
  std::vector<double> figures(const Kept& kept) const override { return {std::sqrt(mean_of(kept))}; }
};
DL_METRIC(RootMeanSquaredError, "rmse");

}  // namespace
}  // namespace dl
