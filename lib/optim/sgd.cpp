// Stochastic gradient descent as PyTorch has it: g += weight_decay p; v = momentum v + (1 - dampening) g, at first v =
// g; p -= lr v, or with nesterov p -= lr (g + momentum v)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Sgd final : Optimizer {
  double lr = 0.01, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;

  void describe_keys(Schema& s) override {
    s.summary("stochastic gradient descent, with momentum where asked");
    s.also_known_as({"SGD"});
    s.required("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.instead_of("betas", "write 'momentum: 0.9'");
    for (const char* key : {"fused", "foreach", "maximize"}) s.instead_of(key, "leave it out");
    s.optional("momentum", momentum, "share of the last step kept").at_least(0).below(1);
    s.optional("dampening", dampening, "share of the gradient left out of the momentum").at_least(0).below(1);
    s.optional("weight_decay", weight_decay, "times the parameter, added to its gradient").at_least(0);
    s.optional("nesterov", nesterov, "momentum looked ahead (Sutskever et al. 2013)");
    s.example("sgd: {lr: 0.1, momentum: 0.9}");
    s.check([this](const Report& report) {
      if (nesterov && (momentum == 0 || dampening != 0))
        report.at("nesterov", "needs momentum above 0 and dampening 0");
    });
  }

  double learning_rate() const override { return lr; }
  double boldest_rate() const override { return 10; }
  bool takes_momentum() const override { return true; }
  std::optional<TorchOptimizer> torch() const override {
    TorchOptimizer theirs{.name = "SGD", .numbers = [](const UpdateTime&) { return std::map<std::string, double>(); }};
    if (momentum > 0) theirs.states = {"momentum_buffer"};
    return theirs;
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (weight_decay > 0) g = g + weight_decay * p;
    const Operand kept = b.momentum(momentum).kept;
    if (!kept.value && momentum == 0) return p - b.lr() * g;
    Value v = map(Function::mul, kept, b.state("momentum_buffer")) + (1 - dampening) * g;
    if (dampening > 0) v = where(b.number("number", [](const UpdateTime& t) { return t.number; }) <= 1, g, v);
    b.assign("momentum_buffer", v);
    return p - b.lr() * (nesterov ? g + map(Function::mul, kept, v) : v);
  }
};
DL_OPTIMIZER(Sgd, "sgd");

}  // namespace
}  // namespace dl
