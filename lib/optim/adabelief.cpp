// AdaBelief (Zhuang et al. 2020, arXiv:2010.07468): m = b1 m + (1 - b1) g; s = b2 s + (1 - b2) (g - m)^2 + eps;
// p -= lr weight_decay p; p -= lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/adam_averages.h"

namespace dl {
namespace {

struct AdaBelief final : AdamKin {
  AdaBelief() { eps = 1e-16; }

  void describe_keys(Schema& s) override {
    s.summary(
        "Adam whose steps are long where gradients are as expected: scaled by how far they are from their average");
    s.also_known_as({"AdaBelief"});
    describe_adam(s, decay_by_itself);
    s.example("adabelief: {lr: 1e-3, weight_decay: 0.01}");
  }

  bool takes_momentum() const override { return true; }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    const Value m = average(b, g), apart = g - m;
    const Value v = betas[1] * b.state("exp_avg_var") + (1 - betas[1]) * (apart * apart) + eps;
    b.assign("exp_avg_var", v);
    p = decayed_by_itself(b, p, weight_decay);
    return p - corrected_lr(b) * m / (sqrt(v) * correction_of_root(b) + eps);
  }
};
DL_OPTIMIZER(AdaBelief, "adabelief");

}  // namespace
}  // namespace dl
