// RAdam (Liu et al. 2020, arXiv:1908.03265) as PyTorch has it: m and v as Adam's; with R = 2 / (1 - b2) - 1 and
// r = R - 2 t b2^t / (1 - b2^t) steps are p -= lr m / (1 - b1^t) at first, and where r > 5
// p -= lr m / (1 - b1^t) sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r)) sqrt(1 - b2^t) / (sqrt(v) + eps)
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/adam_averages.h"

namespace dl {
namespace {

struct RAdam final : AdamKin {
  bool decoupled_weight_decay = false;

  void describe_keys(Schema& s) override {
    s.summary("Adam that warms up by itself: plain momentum until the square's average can be relied on");
    s.also_known_as({"RAdam", "RectifiedAdam"});
    describe_adam(s, decay_in_gradient);
    s.optional("decoupled_weight_decay", decoupled_weight_decay, "weight decay by itself, as adamw's");
    s.example("radam: {lr: 1e-3}");
  }

  bool takes_momentum() const override { return true; }
  std::optional<TorchOptimizer> torch() const override {
    return TorchOptimizer{.name = "RAdam", .states = kept_averages};
  }

  Value update(UpdateBuilder& b, Value p, Value g) const override {
    if (decoupled_weight_decay)
      p = decayed_by_itself(b, p, weight_decay);
    else if (weight_decay > 0)
      g = g + weight_decay * p;
    const Value m = average(b, g), v = average_of_square(b, g * g);
    const Value rectified =
        b.number("rectified", [beta = betas[1]](const UpdateTime& t) { return rectification(beta, t.number); });
    return p - corrected_lr(b) * m * where(rectified > 0, rectified / (sqrt(v) + eps), 1);
  }

 private:
  // The factor on 1 / (sqrt(v) + eps); 0 where v is not to be relied on yet.
  static double rectification(double beta, double t) {
    const double power = std::pow(beta, t), most = 2 / (1 - beta) - 1, r = most - 2 * t * power / (1 - power);
    if (r <= 5) return 0;
    return std::sqrt((r - 4) * (r - 2) * most / ((most - 4) * (most - 2) * r)) * std::sqrt(1 - power);
  }
};
DL_OPTIMIZER(RAdam, "radam");

}  // namespace
}  // namespace dl
