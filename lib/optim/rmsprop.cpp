// RMSprop (Tieleman and Hinton 2012, lecture 6.5) as PyTorch has it: v = alpha v + (1 - alpha) g^2; with `centered`
// (Graves 2013, arXiv:1308.0850) a = alpha a + (1 - alpha) g and v - a^2 in the place of v; d = g / (sqrt(v) + eps);
// with momentum b = momentum b + d in the place of d; p -= lr d
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct RmsProp final : Optimizer {
  double lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
  bool centered = false;

  void describe_keys(Schema& s) override {
    s.summary("steps scaled by an average of the gradient's square");
    s.also_known_as({"RMSprop", "RMSProp", "rms_prop"});
    s.optional("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.optional("alpha", alpha, "decay of the averages").at_least(0).below(1).known_as({"rho"});
    s.optional("eps", eps, "added to the denominator").above(0).known_as({"epsilon"});
    s.optional("weight_decay", weight_decay, "times the parameter, added to its gradient").at_least(0);
    s.optional("momentum", momentum, "share of the last step kept").at_least(0).below(1);
    s.optional("centered", centered, "divides by an estimate of the gradient's variance, not of its square");
    s.example("rmsprop: {lr: 1e-3, momentum: 0.9}");
  }

  double learning_rate() const override { return lr; }
  bool takes_momentum() const override { return true; }
  std::optional<TorchOptimizer> torch() const override {
    TorchOptimizer theirs{.name = "RMSprop", .states = {"square_avg"}};
    if (momentum > 0) theirs.states.emplace_back("momentum_buffer");
    if (centered) theirs.states.emplace_back("grad_avg");
    return theirs;
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (weight_decay > 0) g = g + weight_decay * p;
    Value v = alpha * b.state("square_avg") + (1 - alpha) * (g * g);
    b.assign("square_avg", v);
    if (centered) {
      const Value a = alpha * b.state("grad_avg") + (1 - alpha) * g;
      b.assign("grad_avg", a);
      v = maximum(v - a * a, 0);  // rounding may take it below
    }
    Value d = g / (sqrt(v) + eps);
    if (const Operand kept = b.momentum(momentum).kept; kept.value || momentum > 0) {
      d = map(Function::mul, kept, b.state("momentum_buffer")) + d;
      b.assign("momentum_buffer", d);
    }
    return p - b.lr() * d;
  }
};
DL_OPTIMIZER(RmsProp, "rmsprop");

}  // namespace
}  // namespace dl
