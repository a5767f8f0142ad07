// Exact match: the share of samples of which all labels are right
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct ExactMatch final : Metric {
  DecisionRule rule;

  void describe_keys(Schema& s) override {
    s.summary("share of samples of which all labels are right: of labels beside each other");
    s.details("Of classes that exclude each other it is accuracy.");
    s.also_known_as({"ExactMatch", "subset_accuracy"});
    rule.describe(s);
    s.example("exact_match");
  }
  std::vector<Loss::Reads> takes() const override {
    return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit};
  }
  void stand_in(const MetricSetting& setting) override { rule.stand_in(setting); }
  void add(Keep& keep, const Fields& f) const override {
    const auto [truth, decided, counts] = rule.decide(f);
    const Value known = counts ? max(counts, {1}) : max(truth, {1});
    const Value apart = abs(truth - decided), wrong = max(counts ? apart * counts : apart, {1});
    keep_mean(keep, sum((1 - wrong) * known), sum(known));
  }
  std::vector<double> figures(const Kept& kept) const override { return {mean_of(kept)}; }
  bool higher_is_better() const override { return true; }
};
DL_METRIC(ExactMatch, "exact_match");

}  // namespace
}  // namespace dl
