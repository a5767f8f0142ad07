// Adagrad (Duchi, Hazan and Singer 2011, JMLR 12): s += g^2; p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Adagrad final : Optimizer {
  double lr = 0.01, lr_decay = 0, weight_decay = 0, eps = 1e-10;

  void describe_keys(Schema& s) override {
    s.summary("steps scaled by the sum of all the gradient's squares so far");
    s.also_known_as({"Adagrad"});
    s.optional("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.optional("lr_decay", lr_decay, "the rate is divided by 1 + lr_decay times the updates done").at_least(0);
    s.optional("weight_decay", weight_decay, "times the parameter, added to its gradient").at_least(0);
    s.optional("eps", eps, "added to the denominator").above(0).known_as({"epsilon"});
    s.example("adagrad: {lr: 0.05}");
  }

  double learning_rate() const override { return lr; }
  std::optional<TorchOptimizer> torch() const override {
    TorchOptimizer theirs{.name = "Adagrad", .states = {"sum"}};
    theirs.keys.set("initial_accumulator_value", Node::integer(0));
    return theirs;
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (weight_decay > 0) g = g + weight_decay * p;
    const Value sum = b.state("sum") + g * g;
    b.assign("sum", sum);
    const Value rate =
        b.number("rate", [decay = lr_decay](const UpdateTime& t) { return t.lr / (1 + (t.number - 1) * decay); });
    return p - rate * g / (sqrt(sum) + eps);
  }
};
DL_OPTIMIZER(Adagrad, "adagrad");

}  // namespace
}  // namespace dl
