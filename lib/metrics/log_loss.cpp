// Log loss, as scikit-learn's log_loss: the mean over the targets of -log of the probability of the target's class
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/log_one_plus_exp.h"
#include "lib/nn/probability_metric.h"

namespace dl {
namespace {

struct LogLoss final : ProbabilityMetric {
  void describe_keys(Schema& s) override {
    s.summary("mean of minus the logarithm of the probability that the target's class is given");
    s.details("The loss itself where that is cross_entropy or bce_with_logits without weights and smoothing.");
    s.also_known_as({"logloss", "binary_logloss", "multi_logloss", "log_likelihood"});
    describe_ignored(s);
    s.example("log_loss");
  }
  Value of_classes(Value x, Value y) const override { return -sum(where(y > 0, y * log_softmax(x), 0), {-1}); }
  Value of_values(Value x, Value y) const override { return (1 - y) * x + log_one_plus_exp(-x); }
};
DL_METRIC(LogLoss, "log_loss");

}  // namespace
}  // namespace dl
