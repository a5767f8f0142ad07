// Negative log-likelihood of a Poisson distribution, as PyTorch's PoissonNLLLoss: the mean over the targets of exp(x) -
// y x, or x - y log(x + eps) where x is the rate itself; full adds Stirling's y log y - y + log(2 pi y) / 2 where y > 1
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct PoissonNll final : Loss {
  bool log_input = true, full = false;
  double eps = 1e-8;

  void describe_keys(Schema& s) override {
    s.summary("negative log-likelihood of counts; takes the logarithm of the rate");
    s.details("With 'log_input: false' it takes the rate, which must be above 0: end the model with a 'softplus'.");
    s.also_known_as({"PoissonNLLLoss", "poisson_nll_loss", "poisson", "Poisson"});
    s.optional("log_input", log_input, "whether predictions are logarithms of the rate, or the rate");
    s.optional("full", full, "adds what depends on the targets alone");
    s.optional("eps", eps, "added to the rate below the logarithm").above(0);
    s.example("poisson_nll");
    s.example("poisson_nll: {log_input: false, full: true}");
  }
  Reads reads() const override { return Reads::numbers; }
  bool takes_scaled() const override { return false; }
  Value predicted(Value output) const override { return log_input ? exp(output) : output; }
  Value each(const Fields& f) const override {
    const Value x = as_predicted_numbers(f.prediction, f.target), y = f.target;
    const Value loss = log_input ? exp(x) - y * x : x - y * log(x + eps);
    if (!full) return loss;
    const Value above = y > 1, bounded = where(above, y, 2);
    return loss + where(above, bounded * log(bounded) - bounded + 0.5 * log(2 * std::numbers::pi * bounded), 0);
  }
};
DL_LOSS(PoissonNll, "poisson_nll");

}  // namespace
}  // namespace dl
