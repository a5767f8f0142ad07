// Smooth L1 (Girshick 2015, arXiv:1504.08083): with d = |x - y| the mean over the targets of d^2 / (2 beta) where
// d < beta, d - beta / 2 elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

struct SmoothL1 final : Loss {
  double beta = 1;
  void describe_keys(Schema& s) override {
    s.summary("squared near the target, absolute beyond, with slope 1 there");
    s.also_known_as({"SmoothL1Loss", "smooth_l1_loss"});
    s.optional("beta", beta,
               "difference from which on it is absolute; of targets that are normalized in their deviations")
        .above(0)
        .positional();
    s.example("smooth_l1");
    s.example("smooth_l1: {beta: 0.5}");
  }
  Reads reads() const override { return Reads::numbers; }
  std::optional<Bend> bend() const override { return Bend{"beta", beta}; }
  Value each(const Fields& f) const override {
    const Value d = abs(as_predicted_numbers(f.prediction, f.target) - f.target), near = minimum(d, beta);
    return near * (d - 0.5 * near) * (1 / beta);
  }
};
DL_LOSS(SmoothL1, "smooth_l1");

}  // namespace
}  // namespace dl
