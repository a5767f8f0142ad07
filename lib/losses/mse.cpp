// Mean squared error: the mean over the targets of (x - y)^2
// SPDX-License-Identifier: Apache-2.0
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
  Value each(const Fields& f) const override {
    const Value d = as_predicted_numbers(f.prediction, f.target) - f.target;
    return d * d;
  }
};
DL_LOSS(MeanSquaredError, "mse");

}  // namespace
}  // namespace dl
