// Focal loss of a sigmoid (Lin et al. 2017, arXiv:1708.02002), as torchvision's sigmoid_focal_loss: with q the
// probability of the target's own side the mean over the targets of -a (1 - q)^gamma log(q), a = alpha for targets 1
// and 1 - alpha for 0
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/log_one_plus_exp.h"
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct BinaryFocal final : Loss {
  std::optional<double> alpha;
  double gamma = 2;

  void describe_keys(Schema& s) override {
    s.summary(
        "binary cross-entropy in which targets that are nearly right count little; takes values before the sigmoid");
    s.details("Targets are probabilities, or classes 0 and 1. torchvision's alpha is 0.25.");
    s.also_known_as({"sigmoid_focal_loss", "BinaryFocalCrossentropy", "binary_focal_crossentropy", "BinaryFocalLoss"});
    s.optional("gamma", gamma, "power of 1 - q: how little they count").at_least(0);
    s.optional("alpha", alpha, "weight of the targets 1, and 1 minus it of those 0; without it, 1 of both")
        .above(0)
        .below(1);
    s.example("binary_focal");
    s.example("binary_focal: {gamma: 1.5, alpha: 0.25}");
  }
  Reads reads() const override { return Reads::logit; }
  bool takes_probabilities() const override { return true; }
  Value predicted(Value output) const override { return sigmoid(output); }

  Value each(const Fields& f) const override {
    const Value x = as_predicted_shape(f.prediction, f.target), y = as_f32(f.target), p = sigmoid(x);
    Value loss = (1 - y) * x + log_one_plus_exp(-x);
    if (gamma > 0) loss = loss * pow(maximum(p + y - 2 * (p * y), 1e-7), gamma);
    return alpha ? loss * (1 - *alpha + (2 * *alpha - 1) * y) : loss;
  }
};
DL_LOSS(BinaryFocal, "binary_focal");

}  // namespace
}  // namespace dl
