// Sophia (Liu et al. 2023, arXiv:2305.14342) with the Gauss-Newton-Bartlett estimator: m = b1 m + (1 - b1) g; in every
// k-th update h = b2 h + (1 - b2) n d^2, d the gradient of the loss against n targets drawn by what the model predicts;
// p -= lr weight_decay p; p -= lr clip(m / max(rho h, 1e-12), -1, 1)
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/nn/adam_averages.h"

namespace dl {
namespace {

struct Sophia final : Optimizer {
  double lr = 1e-4, rho = 0.04, weight_decay = 0.1;
  std::vector<double> betas{0.965, 0.99};
  int64_t every = 10;

  void describe_keys(Schema& s) override {
    s.summary("momentum over how bent the loss is, measured every few updates, no step of a weight above lr");
    s.details(
        "Curvature is that of the loss against targets drawn by what the model predicts, so that the loss must be one "
        "that stands for probabilities: cross_entropy, nll, bce_with_logits or mse. An update that measures it takes a "
        "backward pass more. Rates are a half to four fifths of adamw's; rho is such that steps of a tenth to a half "
        "of the weights stay below lr.");
    s.also_known_as({"Sophia", "SophiaG", "sophia_g", "sophiag", "SophiaH"});
    s.optional("lr", lr, "learning rate, the longest step of a weight").above(0).known_as({"learning_rate"});
    s.optional("betas", betas, "decay of the averages of the gradient and of the curvature").at_least(0).below(1);
    s.optional("rho", rho, "what the curvature is multiplied by").above(0).known_as({"gamma"});
    s.optional("weight_decay", weight_decay, decay_by_itself).at_least(0);
    s.optional("every", every, "updates from one measure of the curvature to the next; of all groups the same")
        .at_least(1)
        .at_most(1'000'000)
        .known_as({"k", "hess_interval", "update_period"});
    s.example("sophia: {lr: 3e-4, rho: 0.05}");
    s.check([this](const Report& report) {
      if (betas.size() != 2) report.at("betas", concat("expected two numbers, got ", betas.size()));
    });
  }

  double learning_rate() const override { return lr; }
  int64_t curvature_every() const override { return every; }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Value m = betas[0] * b.state("exp_avg") + (1 - betas[0]) * g;
    Value h = b.state("curvature");
    b.assign("exp_avg", m);
    if (const Value measured = b.curvature()) {
      h = betas[1] * h + (1 - betas[1]) * measured;
      b.assign("curvature", h);
    }
    const Value step = m / maximum(rho * h, 1e-12);
    return decayed_by_itself(b, p, weight_decay) - b.lr() * maximum(minimum(step, 1), -1);
  }
};
DL_OPTIMIZER(Sophia, "sophia");

}  // namespace
}  // namespace dl
