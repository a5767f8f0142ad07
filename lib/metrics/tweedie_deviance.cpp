// Tweedie deviance, as scikit-learn's mean_tweedie_deviance: the mean over all targets of, for power 0 (y - x)^2; 1,
// Poisson: 2 (y log(y / x) - y + x); 2, gamma: 2 (log(x / y) + y / x - 1); others p: 2 (max(y, 0)^(2 - p) / ((1 - p) (2
// - p)) - y x^(1 - p) / (1 - p) + x^(2 - p) / (2 - p))
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/number_mean.h"

namespace dl {
namespace {

struct TweedieDeviance final : NumberMean {
  double power = 1;

  void describe_keys(Schema& s) override {
    s.summary("deviance of a Poisson, gamma or Tweedie distribution with the predicted means, which must be above 0");
    s.also_known_as({"poisson_deviance", "mean_poisson_deviance", "gamma_deviance", "mean_gamma_deviance",
                     "mean_tweedie_deviance", "TweedieDevianceScore"});
    s.optional("power", power, "0: normal; 1: Poisson; 2: gamma; between 1 and 2: of amounts that may be 0")
        .at_least(0);
    s.example("tweedie_deviance");
    s.example("tweedie_deviance: {power: 1.5}");
    s.check([this](const Report& report) {
      if (power > 0 && power < 1) report.at("power", "there is no such distribution between 0 and 1");
    });
  }
  Value of(Value x, Value y) const override {
    if (power == 0) return (y - x) * (y - x);
    if (power == 1) return 2 * (where(y > 0, y * log(where(y > 0, y / x, 1)), 0) - y + x);
    if (power == 2) return 2 * (log(x / y) + y / x - 1);
    const double a = 1 - power, b = 2 - power;
    return 2 * (where(y > 0, pow(maximum(y, 1e-30), b), b > 0 ? 0.0 : 1e30) * (1 / (a * b)) - y * pow(x, a) * (1 / a) +
                pow(x, b) * (1 / b));
  }
};
DL_METRIC(TweedieDeviance, "tweedie_deviance");

}  // namespace
}  // namespace dl
