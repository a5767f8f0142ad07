// An exponential moving average of the weights: after each update average = decay average + (1 - decay) weights
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/update_rule.h"

namespace dl {
namespace {

struct Ema final : UpdateRule {
  double decay = 0.999;

  void describe(Schema& s) override {
    s.summary("an exponential moving average of the weights, which is what is validated and evaluated");
    s.details(
        "After each step, average = decay * average + (1 - decay) * weights; it begins at the initial weights. "
        "Buffers, "
        "such as the running statistics of batch_norm, are not averaged.");
    s.optional("decay", decay, "share of the average that a step keeps").at_least(0).below(1).positional();
    s.example("ema: {decay: 0.9999}");
  }

  bool after_optimizer() const override { return true; }
  bool averages() const override { return true; }

  Value apply(UpdateBuilder& b, Value weights) const override {
    b.assign("ema", decay * b.average("ema") + (1 - decay) * weights);
    return weights;
  }
};
DL_UPDATE_RULE(Ema, "ema");

}  // namespace
}  // namespace dl
