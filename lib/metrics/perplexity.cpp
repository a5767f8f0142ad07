// Perplexity: exp of the mean over all targets of -log(softmax(x)[y])
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/class_target.h"
#include "lib/nn/counted.h"
#include "lib/nn/metric.h"

namespace dl {
namespace {

struct Perplexity final : Metric {
  std::optional<int64_t> ignore_index;
  void describe_keys(Schema& s) override {
    s.summary("exp of the mean cross-entropy over all targets of a split; takes values before softmax");
    s.optional("ignore_index", ignore_index,
               "targets of this value count for nothing; without it, those that the loss ignores");
    s.example("perplexity");
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::logits, Loss::Reads::log_probabilities}; }
  void stand_in(const MetricSetting& setting) override {
    if (!ignore_index) ignore_index = setting.loss.ignored();
  }
  void add(Keep& keep, const Fields& f) const override {
    expect_class_targets(f.prediction, f.target);
    Value log_p = sum(where(hits(f.prediction, f.target), log_softmax(f.prediction), 0), {-1});
    const Value label = with_class_axis(f.target), counts = counted(label, ignore_index, f.lengths);
    if (counts) log_p = log_p * counts;
    keep_mean(keep, -sum(log_p), count_targets(label, counts));
  }
  std::vector<double> figures(const Kept& kept) const override { return {std::exp(mean_of(kept))}; }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(Perplexity, "perplexity");

}  // namespace
}  // namespace dl
