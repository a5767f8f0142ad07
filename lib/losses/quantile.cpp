// Quantile loss (Koenker and Bassett 1978, doi:10.2307/1913643): with d = y - x the mean over the targets and the
// quantiles q of max(q d, (q - 1) d)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/pinball.h"

namespace dl {
namespace {

struct Quantile final : Loss {
  std::vector<double> quantiles;

  void describe_keys(Schema& s) override {
    s.summary("predictions are to be above the target with given probabilities: intervals for numbers");
    s.details("Of one quantile a prediction has the target's shape; of several an axis for them behind it.");
    s.also_known_as({"pinball", "pinball_loss", "QuantileLoss", "quantile_loss"});
    s.required("quantiles", quantiles, "the probabilities")
        .above(0)
        .below(1)
        .positional()
        .known_as({"alpha", "tau", "q"});
    s.example("quantile: [0.1, 0.5, 0.9]");
    s.check([this](const Report& report) {
      if (quantiles.empty()) report.at("quantiles", "expected one number or more, got none", "write [0.1, 0.5, 0.9]");
    });
  }
  Reads reads() const override { return Reads::numbers; }
  Value each(const Fields& f) const override { return pinball(f.prediction, f.target, quantiles); }
};
DL_LOSS(Quantile, "quantile");

}  // namespace
}  // namespace dl
