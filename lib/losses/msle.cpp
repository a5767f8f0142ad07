// Mean squared logarithmic error, as Keras': the mean over the targets of (log(1 + x) - log(1 + y))^2, x and y at least
// 1e-7
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct MsleLoss final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("mean of the squared difference of logarithms: for numbers not below 0 of very different sizes");
    s.also_known_as({"MeanSquaredLogarithmicError", "mean_squared_logarithmic_error"});
    s.example("msle");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_scaled() const override { return false; }
  Value each(const Fields& f) const override {
    const Value x = as_predicted_numbers(f.prediction, f.target);
    const Value d = log(1 + maximum(x, 1e-7)) - log(1 + maximum(f.target, 1e-7));
    return d * d;
  }
};
DL_LOSS(MsleLoss, "msle");

}  // namespace
}  // namespace dl
