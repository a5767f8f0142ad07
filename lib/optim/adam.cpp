// Adam (Kingma and Ba 2015, arXiv:1412.6980): m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
// p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps). AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) decays
// the weights by themselves, p -= lr weight_decay p, instead of through the gradient.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct AdamBase : Optimizer {
  double lr = 1e-3, eps = 1e-8, weight_decay = 0;
  std::vector<double> betas{0.9, 0.999};

  void describe_adam(Schema& s, const std::string& decay) {
    s.optional("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.optional("betas", betas, "decay of the averages of the gradient and of its square").at_least(0).below(1);
    s.optional("eps", eps, "added to the denominator").above(0).known_as({"epsilon"});
    s.optional("weight_decay", weight_decay, decay).at_least(0);
    s.instead_of("beta_1", "write betas: [0.9, 0.999]");
    s.instead_of("beta_2", "write betas: [0.9, 0.999]");
    for (const char* key : {"beta1", "beta2", "momentum"})
      s.instead_of(key, "write betas: [0.9, 0.999]; the first is the share of the last step kept, a momentum");
    for (const char* key : {"amsgrad", "fused", "foreach", "maximize"}) s.instead_of(key, "leave it out");
    s.check([this](const Report& report) {
      if (betas.size() != 2) report.at("betas", concat("expected two numbers, got ", betas.size()));
    });
  }

  double learning_rate() const override { return lr; }

  Value step(UpdateBuilder& b, Value p, Value g) const {
    const Value m = betas[0] * b.state("exp_avg") + (1 - betas[0]) * g;
    const Value v = betas[1] * b.state("exp_avg_sq") + (1 - betas[1]) * (g * g);
    b.assign("exp_avg", m);
    b.assign("exp_avg_sq", v);
    const Value size =
        b.number("size", [beta = betas[0]](const UpdateTime& t) { return t.lr / (1 - std::pow(beta, t.number)); });
    const Value scale = b.number(
        "scale", [beta = betas[1]](const UpdateTime& t) { return 1 / std::sqrt(1 - std::pow(beta, t.number)); });
    return p - size * m / (sqrt(v) * scale + eps);
  }
};

struct Adam final : AdamBase {
  void describe_keys(Schema& s) override {
    s.summary("Adam: steps scaled by averages of the gradient and of its square");
    s.also_known_as({"Adam"});
    describe_adam(s, "times the parameter, added to its gradient; adamw's is usually better");
    s.example("adam: {lr: 1e-3}");
  }
  Value update(UpdateBuilder& b, Value p, Value g) const override {
    return step(b, p, weight_decay > 0 ? g + weight_decay * p : g);
  }
};
DL_OPTIMIZER(Adam, "adam");

struct AdamW final : AdamBase {
  AdamW() { weight_decay = 0.01; }
  void describe_keys(Schema& s) override {
    s.summary("Adam with weight decay by itself");
    s.also_known_as({"AdamW"});
    describe_adam(s, "share of a parameter taken away at each update, times the learning rate");
    s.example("adamw: {lr: 1e-3, weight_decay: 0.01}");
  }
  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (weight_decay == 0) return step(b, p, g);
    return step(b, p - b.number("decay", [decay = weight_decay](const UpdateTime& t) { return t.lr * decay; }) * p, g);
  }
};
DL_OPTIMIZER(AdamW, "adamw");

}  // namespace
}  // namespace dl
