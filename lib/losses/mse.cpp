// Mean squared error: the mean over the targets of (x - y)^2
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct MeanSquaredError final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("mean of the squared difference from the target");
    s.also_known_as({"MSELoss", "mse_loss", "mean_squared_error", "l2"});
    s.example("mse");
  }
  Reads reads() const override { return Reads::numbers; }
  // A normal distribution around the prediction, of which the square is the logarithm, has the variance 1/2.
  Value of_drawn(Value x, Value uniform) const override {
    const Value d = x - stop_gradient(x) - where(uniform < 0.5, -1, 1) * std::sqrt(0.5);
    return d * d;
  }
  Value each(const Fields& f) const override {
    const Value d = as_predicted_numbers(f.prediction, f.target) - f.target;
    return d * d;
  }
};
DL_LOSS(MeanSquaredError, "mse");

}  // namespace
}  // namespace dl
