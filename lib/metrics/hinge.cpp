// Hinge loss, as scikit-learn's hinge_loss: the mean over the targets of max(0, 1 - y x), y = 1 or -1; of several
// classes (Crammer and Singer 2001) of max(0, 1 - x[y] + the largest other x)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_target.h"
#include "lib/nn/probability_metric.h"

namespace dl {
namespace {

struct HingeMetric final : ProbabilityMetric {
  void describe_keys(Schema& s) override {
    s.summary("mean of how far the right class is from being ahead by 1");
    s.also_known_as({"hinge_loss", "HingeLoss"});
    describe_ignored(s);
    s.example("hinge");
  }
  Value of_classes(Value x, Value y) const override {
    return maximum(1 - sum(y * x, {-1}) + max(where(y > 0, -1e30, x), {-1}), 0);
  }
  Value of_values(Value x, Value y) const override { return maximum(1 - as_signs(y) * x, 0); }
};
DL_METRIC(HingeMetric, "hinge");

}  // namespace
}  // namespace dl
