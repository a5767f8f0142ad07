// Lion (Chen et al. 2023, arXiv:2302.06675): p -= lr (sign(b1 m + (1 - b1) g) + weight_decay p); m = b2 m + (1 - b2) g
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/nn/optimizer.h"

namespace dl {
namespace {

struct Lion final : Optimizer {
  double lr = 1e-4, weight_decay = 0;
  std::vector<double> betas{0.9, 0.99};

  void describe_keys(Schema& s) override {
    s.summary("steps of one length in every weight, along the sign of the momentum");
    s.details("Rates are a third to a tenth of adamw's, and weight_decay three to ten times as large.");
    s.also_known_as({"Lion"});
    s.optional("lr", lr, "learning rate").above(0).known_as({"learning_rate"});
    s.optional("betas", betas, "share of the momentum in a step, and what is kept of it").at_least(0).below(1);
    s.optional("weight_decay", weight_decay, "share of a parameter taken away at each update, times the learning rate")
        .at_least(0);
    for (const char* key : {"beta1", "beta2", "beta_1", "beta_2"}) s.instead_of(key, "write betas: [0.9, 0.99]");
    s.instead_of("eps", "leave it out: nothing is divided by");
    s.example("lion: {lr: 1e-4, weight_decay: 0.1}");
    s.check([this](const Report& report) {
      if (betas.size() != 2) report.at("betas", concat("expected two numbers, got ", betas.size()));
    });
  }

  double learning_rate() const override { return lr; }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Value m = b.state("exp_avg"), step = betas[0] * m + (1 - betas[0]) * g;
    b.assign("exp_avg", betas[1] * m + (1 - betas[1]) * g);
    const Value sign = (step > 0) - (step < 0);
    return p - b.lr() * (weight_decay > 0 ? sign + weight_decay * p : sign);
  }
};
DL_OPTIMIZER(Lion, "lion");

}  // namespace
}  // namespace dl
