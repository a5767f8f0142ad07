// Adadelta (Zeiler 2012, arXiv:1212.5701) as PyTorch has it: v = rho v + (1 - rho) g^2; d = sqrt(u + eps) / sqrt(v +
// eps) g; u = rho u + (1 - rho) d^2; p -= lr d
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Adadelta final : Optimizer {
  double lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0;

  void describe_keys(Schema& s) override {
    s.summary("steps scaled by the size of those before over that of the gradients");
    s.also_known_as({"Adadelta", "AdaDelta"});
    s.optional("lr", lr, "times each step").above(0).known_as({"learning_rate"});
    s.optional("rho", rho, "decay of the averages").at_least(0).below(1);
    s.optional("eps", eps, "added below the roots").above(0).known_as({"epsilon"});
    s.optional("weight_decay", weight_decay, "times the parameter, added to its gradient").at_least(0);
    s.example("adadelta: {lr: 1}");
  }

  double learning_rate() const override { return lr; }
  double boldest_rate() const override { return 100; }
  std::optional<TorchOptimizer> torch() const override {
    return TorchOptimizer{.name = "Adadelta", .states = {"square_avg", "acc_delta"}};
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (weight_decay > 0) g = g + weight_decay * p;
    const Value v = rho * b.state("square_avg") + (1 - rho) * (g * g), steps = b.state("acc_delta");
    const Value d = sqrt(steps + eps) / sqrt(v + eps) * g;
    b.assign("square_avg", v);
    b.assign("acc_delta", rho * steps + (1 - rho) * (d * d));
    return p - b.lr() * d;
  }
};
DL_OPTIMIZER(Adadelta, "adadelta");

}  // namespace
}  // namespace dl
