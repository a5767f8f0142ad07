// Brier score (1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2): the mean over the targets of sum (p - y)^2
// over the classes, of two classes (p - y)^2 of one of them, as scikit-learn has it
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/probability_metric.h"

namespace dl {
namespace {

struct Brier final : ProbabilityMetric {
  void describe_keys(Schema& s) override {
    s.summary("mean squared distance of the probabilities from what came");
    s.also_known_as({"brier_score", "brier_score_loss", "BrierScore"});
    describe_ignored(s);
    s.example("brier");
  }
  Value of_classes(Value x, Value y) const override {
    const Value d = softmax(x) - y, all = sum(d * d, {-1});
    return x.shape().last() == 2 ? 0.5 * all : all;
  }
  Value of_values(Value x, Value y) const override {
    const Value d = sigmoid(x) - y;
    return d * d;
  }
};
DL_METRIC(Brier, "brier");

}  // namespace
}  // namespace dl
