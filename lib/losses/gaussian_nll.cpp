// Negative log-likelihood of a normal distribution (Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138), as PyTorch has
// it: (log v + (y - x)^2 / v) / 2, v = max(variance, eps); the gradient of v is that of the variance everywhere
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct GaussianNll final : Loss {
  std::string variance;
  double eps = 1e-6;
  bool full = false;

  void describe_keys(Schema& s) override {
    s.summary("negative log-likelihood of a number whose mean and variance the model gives");
    s.details(
        "The variance is another output of the model, of the shape of the first: an item with a 'name', which ends "
        "above 0. Of a target that is normalized it is the variance of the normalized numbers: times the square of the "
        "target's 'scale', which stands under data.fitted in the run's resolved.yaml, it is that of the column's own; "
        "'normalize: none' leaves them as they are.");
    s.also_known_as({"GaussianNLLLoss", "gaussian_nll_loss"});
    s.required("variance", variance, "the model's item that gives the variance")
        .known_as({"var"})
        .help(
            "write 'gaussian_nll: {output: mean, variance: variance}', two items of the model by their 'name', the "
            "second behind 'softplus'");
    s.optional("eps", eps, "the least variance").above(0);
    s.optional("full", full, "adds the constant log(2 pi) / 2");
    s.instead_of("mean", "write 'output', the item that gives it");
    s.example("gaussian_nll: {output: mean, variance: variance}");
  }
  Reads reads() const override { return Reads::numbers; }
  std::vector<std::string> further_outputs() const override { return {variance}; }
  Value each(const Fields& f) const override {
    const Value d = as_predicted_numbers(f.prediction, f.target) - f.target;
    const Value given = as_predicted_numbers(f.further[0], f.target);
    const Value v = given + stop_gradient(maximum(given, eps) - given);
    return 0.5 * (log(v) + d * d / v) + (full ? 0.5 * std::log(2 * std::numbers::pi) : 0.0);
  }
};
DL_LOSS(GaussianNll, "gaussian_nll");

}  // namespace
}  // namespace dl
