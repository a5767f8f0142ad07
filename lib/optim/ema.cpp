// An exponential moving average of the weights: the weights after the first update, as PyTorch's AveragedModel and
// Keras begin it, then average = d average + (1 - d) weights after each, d = min(decay, (1 + t) / (10 + t)) after t
// updates, so that the average is of the last tenth of a short run (the warmup of tf.train.ExponentialMovingAverage),
// or d = decay
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/nn/update_rule.h"

namespace dl {
namespace {

struct Ema final : UpdateRule {
  double decay = 0.999;
  bool warmup = true;

  void describe(Schema& s) override {
    s.summary("an exponential moving average of the weights, which is what is validated and evaluated");
    s.details(
        "It begins at the weights after the first step; after each later one, average = decay * average + (1 - decay) "
        "* weights. With warmup the decay of step t is at most (1 + t) / (10 + t), so that the first are soon "
        "forgotten. Buffers, such as the running statistics of batch_norm, are averaged likewise.");
    s.also_known_as({"EMA", "ExponentialMovingAverage", "model_ema", "ModelEma", "exponential_moving_average"});
    s.optional("decay", decay, "share of the average that a step keeps").at_least(0).below(1).positional();
    s.optional("warmup", warmup, "whether the first steps keep less").known_as({"use_warmup", "ema_warmup"});
    s.example("ema: {decay: 0.9999}");
    s.example("ema: {decay: 0.99, warmup: false}");
  }

  bool after_optimizer() const override { return true; }
  bool averages() const override { return true; }
  bool averages_buffers() const override { return true; }

  Value apply(UpdateBuilder& b, Value weights) const override {
    b.assign("ema", average_of_buffer(b, b.average("ema"), weights));
    return weights;
  }
  Value average_of_buffer(UpdateBuilder& b, Value average, Value x) const override {
    const auto kept = [decay = decay, warmup = warmup](const UpdateTime& t) {
      if (t.number <= 1) return 0.0;
      return warmup ? std::min(decay, (1 + t.number) / (10 + t.number)) : decay;
    };
    const Value fresh = b.number("1 - decay", [kept](const UpdateTime& t) { return 1 - kept(t); });
    return b.number("decay", kept) * average + fresh * x;
  }
};
DL_UPDATE_RULE(Ema, "ema");

}  // namespace
}  // namespace dl
