// Averaged stochastic gradient descent (Polyak and Juditsky 1992, doi:10.1137/0330046) as PyTorch has it: with
// eta = lr / (1 + lambd lr (t - 1))^alpha p *= 1 - lambd eta; p -= eta g; and from t0 on the mean of the weights,
// before it the weights, is kept beside them
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Asgd final : Optimizer {
  double lr = 0.01, lambd = 1e-4, alpha = 0.75, t0 = 1e6, weight_decay = 0;

  void describe_keys(Schema& s) override {
    s.summary("stochastic gradient descent whose weights are averaged from a step on");
    s.details("The average is what is validated and evaluated; from step t0 on, which is to be within the run.");
    s.also_known_as({"ASGD"});
    s.optional("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.optional("lambd", lambd, "times the rate, the share of a parameter taken away; how fast the rate falls")
        .at_least(0);
    s.optional("alpha", alpha, "power by which the rate falls").at_least(0);
    s.optional("t0", t0, "the step from which on weights are averaged").at_least(0);
    s.optional("weight_decay", weight_decay, "times the parameter, added to its gradient").at_least(0);
    s.example("asgd: {lr: 0.1, t0: 1000}");
  }

  double learning_rate() const override { return lr; }
  double boldest_rate() const override { return 10; }
  bool averages() const override { return true; }
  std::optional<TorchOptimizer> torch() const override {
    const auto numbers = [this](const UpdateTime& t) {  // eta and mu are those of the next update
      return std::map<std::string, double>{
          {"step", t.number}, {"eta", eta({t.lr, t.number + 1})}, {"mu", mu({t.lr, t.number + 1})}};
    };
    return TorchOptimizer{.name = "ASGD", .states = {"ax"}, .numbers = numbers};
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (weight_decay > 0) g = g + weight_decay * p;
    const Value rate = b.number("eta", [this](const UpdateTime& t) { return eta(t); });
    const Value kept = b.number("kept", [this](const UpdateTime& t) { return 1 - lambd * eta(t); });
    const Value share = b.number("mu", [this](const UpdateTime& t) { return mu(t); });
    p = kept * p - rate * g;
    const Value average = b.average("ax");
    b.assign("ax", average + share * (p - average));
    return p;
  }

 private:
  double eta(const UpdateTime& t) const { return t.lr / std::pow(1 + lambd * t.lr * (t.number - 1), alpha); }
  double mu(const UpdateTime& t) const { return 1 / std::max(1.0, t.number - 1 - t0); }
};
DL_OPTIMIZER(Asgd, "asgd");

}  // namespace
}  // namespace dl
