// Kullback-Leibler divergence (1951, doi:10.1214/aoms/1177729694), as PyTorch's KLDivLoss with reduction batchmean: the
// mean over the targets of sum y (log y - x), x logarithms of probabilities
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct KlDiv final : Loss {
  bool log_target = false;

  void describe_keys(Schema& s) override {
    s.summary("how far predicted probabilities are from those of the targets; takes logarithms of probabilities");
    s.details(
        "Predictions [batch, …, classes] against probabilities of the classes of the same shape. The sum is over the "
        "classes. Of values before a softmax, 'cross_entropy' against probabilities has the same gradients.");
    s.also_known_as({"KLDivLoss", "kl_divergence", "KLDivergence", "kld"});
    s.optional("log_target", log_target, "whether the targets are logarithms too");
    s.instead_of("reduction", "leave it out: the sum over the classes, and the mean over the targets");
    s.example("kl_div");
    s.example("kl_div: {log_target: true}");
  }
  Reads reads() const override { return Reads::log_probabilities; }
  bool takes_probabilities() const override { return !log_target; }
  Value predicted(Value output) const override { return exp(output); }
  Value each(const Fields& f) const override {
    const Value &x = f.prediction, &y = f.target;
    if (!are_class_probabilities(x, y))
      throw ShapeError(
          concat("expected probabilities of the classes as targets, f32 ", x.shape().without_batch().text(),
                 ", the data's are ", name_of(y.type().dtype), " ", y.shape().without_batch().text()),
          "take 'nll' for classes, 'mse' for numbers");
    if (log_target) return sum(exp(y) * (y - x), {-1});
    return sum(where(y > 0, y * log(where(y > 0, y, 1)), 0) - y * x, {-1});
  }
};
DL_LOSS(KlDiv, "kl_div");

}  // namespace
}  // namespace dl
