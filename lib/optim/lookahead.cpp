// Lookahead (Zhang et al. 2019, arXiv:1907.08610): after each k updates slow += alpha (weights - slow), and the weights
// go on from there
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/update_rule.h"

namespace dl {
namespace {

struct Lookahead final : UpdateRule {
  int64_t k = 5;
  double alpha = 0.5;

  void describe(Schema& s) override {
    s.summary("slow weights that follow those of the optimizer, which begins anew from them after each few updates");
    s.details("The slow weights are what is validated and evaluated.");
    s.also_known_as({"Lookahead", "look_ahead"});
    s.optional("k", k, "updates between").at_least(1).known_as({"sync_period", "la_steps"});
    s.optional("alpha", alpha, "share of the way to the optimizer's weights that the slow ones go")
        .above(0)
        .at_most(1)
        .known_as({"slow_step_size", "la_alpha"});
    s.example("lookahead: {k: 5, alpha: 0.5}");
  }
  bool after_optimizer() const override { return true; }
  bool averages() const override { return true; }

  Value apply(UpdateBuilder& b, Value weights) const override {
    const Value due = b.number(
        "due", [k = static_cast<double>(k)](const UpdateTime& t) { return std::fmod(t.number, k) == 0 ? 1.0 : 0.0; });
    const Value slow = b.average("slow"), moved = where(due, slow + alpha * (weights - slow), slow);
    b.assign("slow", moved);
    return where(due, moved, weights);
  }
};
DL_UPDATE_RULE(Lookahead, "lookahead");

}  // namespace
}  // namespace dl
