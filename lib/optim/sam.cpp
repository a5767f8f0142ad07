// Sharpness-aware minimization (Foret et al. 2020, arXiv:2010.01412): the gradient g is taken anew at
// p + rho g / |g|, where the loss is about the largest near p, and the update made with that. Adaptive (Kwon et al.
// 2021, arXiv:2102.11600): at p + rho p^2 g / |p g|
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/update_rule.h"

namespace dl {
namespace {

struct Sam final : UpdateRule {
  double rho = 0.05;
  bool adaptive = false;

  void describe(Schema& s) override {
    s.summary("gradients of where the loss is largest near the weights, so that flat minima are found: two a step");
    s.details(
        "A step takes about twice the time. Running averages, the loss and the metrics are those of the weights "
        "themselves, and both gradients drop the same values. Where batches are accumulated, each looks around by its "
        "own gradient.");
    s.also_known_as({"SAM", "sharpness_aware", "asam"});
    s.optional("rho", rho, "how far it looks").above(0).positional();
    s.optional("adaptive", adaptive, "by each weight's size; rho is then usually ten times as large");
    s.instead_of("base_optimizer", "write it behind sam: 'optimizer: [sam: 0.05, sgd: {lr: 0.1}]'");
    s.example("sam: 0.05");
    s.example("sam: {rho: 0.5, adaptive: true}");
  }

  Value apply(UpdateBuilder&, Value g) const override { return g; }
  Value ascended(Value p, Value g) const override {
    const Value slope = adaptive ? abs(p) * g : g, norm = sqrt(sum(slope * slope));
    return p + rho / (norm + 1e-12) * (adaptive ? p * p * g : g);
  }
};
DL_UPDATE_RULE(Sam, "sam");

}  // namespace
}  // namespace dl
