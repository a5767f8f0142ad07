// Root mean squared logarithmic error: the root of the mean over all targets of (log(1 + x) - log(1 + y))^2
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct Rmsle final : NumberMean {
  void describe_keys(Schema& s) override {
    s.summary("root of the mean squared difference of the logarithms of 1 plus prediction and target");
    s.details("Predictions below 0 count as 0.");
    s.also_known_as({"root_mean_squared_log_error"});
    s.example("rmsle");
  }
  Value of(Value x, Value y) const override {
    const Value d = log(1 + maximum(x, 0)) - log(1 + maximum(y, 0));
    return d * d;
  }
  std::vector<double> figures(const Kept& kept) const override { return {std::sqrt(mean_of(kept))}; }
};
DL_METRIC(Rmsle, "rmsle");

}  // namespace
}  // namespace dl
