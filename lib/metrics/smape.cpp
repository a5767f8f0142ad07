// Symmetric mean absolute percentage error, as torchmetrics: the mean over all targets of 2 |x - y| / max(|x| +
// |y|, 1.17e-6)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct Smape final : NumberMean {
  void describe_keys(Schema& s) override {
    s.summary("mean of the absolute difference over the mean of prediction and target, as a share from 0 to 2");
    s.also_known_as({"SymmetricMeanAbsolutePercentageError", "symmetric_mean_absolute_percentage_error"});
    s.example("smape");
  }
  Value of(Value x, Value y) const override { return 2 * abs(x - y) / maximum(abs(x) + abs(y), 1.17e-6); }
};
DL_METRIC(Smape, "smape");

}  // namespace
}  // namespace dl
