// Mean squared logarithmic error: the mean over all targets of (log(1 + x) - log(1 + y))^2
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct Msle final : NumberMean {
  void describe_keys(Schema& s) override {
    s.summary("mean of the squared difference of the logarithms of 1 plus prediction and target");
    s.details("Predictions below 0 count as 0, as in Keras.");
    s.also_known_as({"mean_squared_log_error", "MeanSquaredLogError", "MeanSquaredLogarithmicError",
                     "mean_squared_logarithmic_error"});
    s.example("msle");
  }
  Value of(Value x, Value y) const override {
    const Value d = log(1 + maximum(x, 0)) - log(1 + maximum(y, 0));
    return d * d;
  }
};
DL_METRIC(Msle, "msle");

}  // namespace
}  // namespace dl
