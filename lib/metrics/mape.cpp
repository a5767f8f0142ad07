// Mean absolute percentage error, as a share: the mean over all targets of |x - y| / max(|y|, 1.17e-6)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct Mape final : NumberMean {
  void describe_keys(Schema& s) override {
    s.summary("mean of the absolute difference over the target, as a share: 0.1 is ten per cent");
    s.details("As scikit-learn and torchmetrics; Keras' is 100 times this.");
    s.also_known_as({"mean_absolute_percentage_error", "MeanAbsolutePercentageError"});
    s.example("mape");
  }
  Value of(Value x, Value y) const override { return abs(x - y) / maximum(abs(y), 1.17e-6); }
};
DL_METRIC(Mape, "mape");

}  // namespace
}  // namespace dl
