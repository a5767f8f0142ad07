// Perplexity: exp of the mean over all targets of -log(softmax(x)[y])
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/class_target.h"
#include "lib/nn/metric.h"

namespace dl {
namespace {

struct Perplexity final : Metric {
  std::optional<int64_t> ignore_index;
  void describe(Schema& s) override {
    s.summary("exp of the mean cross-entropy over all targets of a split; takes values before softmax");
    s.optional("ignore_index", ignore_index,
               "targets of this value count for nothing; without it, those that the loss ignores");
    s.example("perplexity");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::logits, Loss::Reads::log_probabilities}; }
  void beside(const Loss& loss) override {
    if (!ignore_index) ignore_index = loss.ignored();
  }
  Sums build(Value prediction, Value target) const override {
    expect_class_targets(prediction, target);
    Value log_p = sum(hits(prediction, target) * log_softmax(prediction), {-1});
    if (ignore_index) log_p = log_p * counted(target, *ignore_index);
    return {-sum(log_p), count_targets(target, ignore_index)};
  }
  double value(double sum, double count) const override { return std::exp(sum / count); }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(Perplexity, "perplexity");

}  // namespace
}  // namespace dl
