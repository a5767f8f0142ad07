// LAMB (You et al. 2020, arXiv:1904.00962, algorithm 2): m and v as Adam's, r = (m / (1 - b1^t)) /
// (sqrt(v / (1 - b2^t)) + eps) + weight_decay p; p -= lr |p| / |r| r, with the norms of each tensor, and |p| / |r| = 1
// where one of them is 0
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Lamb final : Optimizer {
  double lr = 1e-3, eps = 1e-6, weight_decay = 0.01;
  std::vector<double> betas{0.9, 0.999};
  bool adapt = true;

  void describe_keys(Schema& s) override {
    s.summary("Adam's steps, as long as each tensor's norm asks for: for large batches");
    s.details("Biases and norms usually follow Adam: groups: [{max_rank: 1, weight_decay: 0, adapt: false}].");
    s.also_known_as({"LAMB"});
    s.optional("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.optional("betas", betas, "decay of the averages of the gradient and of its square").at_least(0).below(1);
    s.optional("eps", eps, "added to the denominator").above(0).known_as({"epsilon"});
    s.optional("weight_decay", weight_decay, "times the parameter, added to its step").at_least(0);
    s.optional("adapt", adapt, "whether a step is as long as lr times its tensor's norm; false in a group of biases");
    s.example("lamb: {lr: 2e-3}");
    s.check([this](const Report& report) {
      if (betas.size() != 2) report.at("betas", concat("expected two numbers, got ", betas.size()));
    });
  }

  double learning_rate() const override { return lr; }
  bool by_tensor() const override { return true; }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Value m = betas[0] * b.state("exp_avg") + (1 - betas[0]) * g;
    const Value v = betas[1] * b.state("exp_avg_sq") + (1 - betas[1]) * (g * g);
    b.assign("exp_avg", m);
    b.assign("exp_avg_sq", v);
    const Value first =
        b.number("first", [beta = betas[0]](const UpdateTime& t) { return 1 / (1 - std::pow(beta, t.number)); });
    const Value second = b.number(
        "second", [beta = betas[1]](const UpdateTime& t) { return 1 / std::sqrt(1 - std::pow(beta, t.number)); });
    Value r = first * m / (sqrt(v) * second + eps);
    if (weight_decay > 0) r = r + weight_decay * p;
    if (!adapt) return p - b.lr() * r;
    const Value norm = sqrt(sum(p * p)), length = sqrt(sum(r * r));
    return p - b.lr() * where(norm * length > 0, norm / length, 1) * r;
  }
};
DL_OPTIMIZER(Lamb, "lamb");

}  // namespace
}  // namespace dl
