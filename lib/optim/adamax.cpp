// Adamax (Kingma and Ba 2015, arXiv:1412.6980, section 7.1) as PyTorch has it: m = b1 m + (1 - b1) g;
// u = max(b2 u, |g| + eps); p -= lr / (1 - b1^t) m / u
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/adam_averages.h"

namespace dl {
namespace {

struct Adamax final : AdamKin {
  Adamax() { lr = 2e-3; }

  void describe_keys(Schema& s) override {
    s.summary("Adam with the largest gradient of late in the place of the root of the square's average");
    s.also_known_as({"Adamax", "AdaMax"});
    describe_adam(s, decay_in_gradient);
    s.example("adamax: {lr: 2e-3}");
  }

  bool takes_momentum() const override { return true; }
  std::optional<TorchOptimizer> torch() const override {
    return TorchOptimizer{.name = "Adamax", .states = {"exp_avg", "exp_inf"}};
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (weight_decay > 0) g = g + weight_decay * p;
    const Value m = average(b, g), u = maximum(betas[1] * b.state("exp_inf"), abs(g) + eps);
    b.assign("exp_inf", u);
    return p - corrected_lr(b) * m / u;
  }
};
DL_OPTIMIZER(Adamax, "adamax");

}  // namespace
}  // namespace dl
