// NAdam (Dozat 2016, OpenReview OM0jvwB8jIp57ZJjtNEZ) as PyTorch has it: m and v as Adam's, with
// mu_t = b1 (1 - 0.96^(t momentum_decay) / 2) and M_t the product of mu_1 to mu_t
// p -= lr ((1 - mu_t) / (1 - M_t) g + mu_(t+1) / (1 - M_(t+1)) m) / (sqrt(v / (1 - b2^t)) + eps)
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/adam_averages.h"

namespace dl {
namespace {

struct NAdam final : AdamKin {
  double momentum_decay = 4e-3;
  bool decoupled_weight_decay = false;
  NAdam() { lr = 2e-3; }

  void describe_keys(Schema& s) override {
    s.summary("Adam with momentum looked ahead");
    s.also_known_as({"NAdam", "Nadam"});
    describe_adam(s, decay_in_gradient);
    s.optional("momentum_decay", momentum_decay, "how fast the momentum rises to the first of betas").at_least(0);
    s.optional("decoupled_weight_decay", decoupled_weight_decay, "weight decay by itself, as adamw's");
    s.example("nadam: {lr: 2e-3}");
  }

  std::optional<TorchOptimizer> torch() const override {
    const auto numbers = [this](const UpdateTime& t) {
      return std::map<std::string, double>{{"step", t.number}, {"mu_product", product(t.number)}};
    };
    return TorchOptimizer{.name = "NAdam", .states = kept_averages, .numbers = numbers};
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (decoupled_weight_decay)
      p = decayed_by_itself(b, p, weight_decay);
    else if (weight_decay > 0)
      g = g + weight_decay * p;
    const Value m = average(b, g), v = average_of_square(b, g * g);
    const Value of_gradient = b.number(
        "of_gradient", [this](const UpdateTime& t) { return t.lr * (1 - mu(t.number)) / (1 - product(t.number)); });
    const Value of_average = b.number(
        "of_average", [this](const UpdateTime& t) { return t.lr * mu(t.number + 1) / (1 - product(t.number + 1)); });
    return p - (of_gradient * g + of_average * m) / (sqrt(v) * correction_of_root(b) + eps);
  }

 private:
  double mu(double t) const { return betas[0] * (1 - 0.5 * std::pow(0.96, t * momentum_decay)); }
  // Of mu_1 to mu_t; 0 once it is too small to be seen beside 1.
  double product(double t) const {
    double made = 1;
    for (double i = 1; i <= t && made > 1e-20; ++i) made *= mu(i);
    return made;
  }
};
DL_OPTIMIZER(NAdam, "nadam");

}  // namespace
}  // namespace dl
