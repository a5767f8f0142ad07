// Pinball loss of quantiles, as scikit-learn's mean_pinball_loss: with d = y - x the mean over all targets and the
// quantiles q of max(q d, (q - 1) d)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pinball.h"
#include "lib/nn/metric.h"

namespace dl {
namespace {

struct Pinball final : Metric {
  std::vector<double> quantiles{0.5};

  void describe_keys(Schema& s) override {
    s.summary("mean of the quantile loss");
    s.also_known_as({"mean_pinball_loss", "quantile", "quantile_loss"});
    s.optional("quantiles", quantiles,
               "the probabilities with which predictions are to be above the target, as the loss's")
        .above(0)
        .below(1)
        .positional()
        .known_as({"alpha", "q"});
    s.example("pinball: [0.1, 0.5, 0.9]");
    s.check([this](const Report& report) {
      if (quantiles.empty()) report.at("quantiles", "expected one number or more, got none", "write [0.1, 0.5, 0.9]");
    });
  }
  std::vector<Loss::Reads> takes() const override { return {Loss::Reads::numbers}; }
  void add(Keep& keep, const Fields& f) const override {
    keep_mean_of(keep, pinball(f.prediction, f.target, quantiles), f.lengths);
  }
  std::vector<double> figures(const Kept& kept) const override { return {mean_of(kept)}; }
  bool higher_is_better() const override { return false; }
};
DL_METRIC(Pinball, "pinball");

}  // namespace
}  // namespace dl
