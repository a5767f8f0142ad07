// Mean absolute error: the mean over all targets of |x - y|
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct MeanAbsoluteError final : NumberMean {
  void describe_keys(Schema& s) override {
    s.summary("mean of the absolute difference from the target");
    s.also_known_as({"mean_absolute_error", "MeanAbsoluteError", "l1"});
    s.example("mae");
  }
  Value of(Value x, Value y) const override { return abs(x - y); }
};
DL_METRIC(MeanAbsoluteError, "mae");

}  // namespace
}  // namespace dl
