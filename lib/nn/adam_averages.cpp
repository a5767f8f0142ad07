// The averages of Adam and its kin.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/adam_averages.h"

#include <cmath>

#include "lib/base/text.h"

namespace dl {

Value decayed_by_itself(UpdateBuilder& b, Value p, double weight_decay) {
  if (weight_decay == 0) return p;
  return p - b.number("decay", [weight_decay](const UpdateTime& t) { return t.lr * weight_decay; }) * p;
}

void AdamKin::describe_adam(Schema& s, const std::string& decay) {
  s.optional("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
  s.optional("betas", betas, "decay of the averages of the gradient and of its square").at_least(0).below(1);
  s.optional("eps", eps, "added to the denominator").above(0).known_as({"epsilon"});
  s.optional("weight_decay", weight_decay, decay).at_least(0).known_as({"wd"});
  s.instead_of("beta_1", "write betas: [0.9, 0.999]");
  s.instead_of("beta_2", "write betas: [0.9, 0.999]");
  for (const char* key : {"beta1", "beta2", "momentum"})
    s.instead_of(key, "write betas: [0.9, 0.999]; the first is the share of the last step kept, a momentum");
  for (const char* key : {"fused", "foreach", "maximize", "capturable", "differentiable"})
    s.instead_of(key, "leave it out");
  s.check([this](const Report& report) {
    if (betas.size() != 2) report.at("betas", concat("expected two numbers, got ", betas.size()));
  });
}

Value AdamKin::average(UpdateBuilder& b, Value g) const {
  const auto [kept, fresh] = b.momentum(betas[0]);
  const Value m = map(Function::mul, kept, b.state("exp_avg")) + map(Function::mul, fresh, g);
  b.assign("exp_avg", m);
  return m;
}

Value AdamKin::average_of_square(UpdateBuilder& b, Value square) const {
  const Value v = betas[1] * b.state("exp_avg_sq") + (1 - betas[1]) * square;
  b.assign("exp_avg_sq", v);
  return v;
}

Value AdamKin::corrected_lr(UpdateBuilder& b) const {
  return b.number("size", [beta = betas[0]](const UpdateTime& t) {
    return t.lr / (1 - std::pow(t.momentum.value_or(beta), t.number));
  });
}

Value AdamKin::correction_of_root(UpdateBuilder& b) const {
  return b.number("scale",
                  [beta = betas[1]](const UpdateTime& t) { return 1 / std::sqrt(1 - std::pow(beta, t.number)); });
}

}  // namespace dl
