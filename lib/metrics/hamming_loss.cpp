// Hamming loss: the share of labels that are wrong; of classes that exclude each other 1 - accuracy
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct HammingLoss final : Metric {
  DecisionRule rule;

  void describe_keys(Schema& s) override {
    s.summary("share of labels that are wrong: of labels beside each other, of all of all samples");
    s.also_known_as({"hamming", "HammingDistance", "hamming_distance"});
    rule.describe(s);
    s.example("hamming_loss");
  }
  std::vector<Loss::Reads> takes() const override {
    return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit};
  }
  void stand_in(const MetricSetting& setting) override {
    rule.stand_in(setting);
    exclusive_ = are_exclusive(setting);
  }
  void add(Keep& keep, const Fields& f) const override { keep_class_counts(keep, rule.decide(f)); }
  std::vector<double> figures(const Kept& kept) const override {
    double wrong = 0, all = 0;
    for (const ClassCounts& c : class_counts(kept)) {
      wrong += exclusive_ ? c.actual - c.hits : c.predicted + c.actual - 2 * c.hits;
      all += exclusive_ ? c.actual : c.all;
    }
    return {all > 0 ? wrong / all : std::numeric_limits<double>::quiet_NaN()};
  }
  bool higher_is_better() const override { return false; }

 private:
  bool exclusive_ = true;
};
DL_METRIC(HammingLoss, "hamming_loss");

}  // namespace
}  // namespace dl
