// A polynomial, as PyTorch's PolynomialLR and Keras' PolynomialDecay: end_factor + (1 - end_factor) (1 - t)^power, t
// from 0 to 1
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct PolynomialSchedule final : FallSchedule {
  double power = 1, end_factor = 0;

  void describe(Schema& s) override {
    s.summary("the learning rate falls as a power of the time that is left");
    s.also_known_as({"PolynomialLR", "PolynomialDecay", "poly", "polynomial_decay"});
    s.optional("power", power, "1: evenly; above it fast at first, below it fast at the end").above(0);
    s.optional("end_factor", end_factor, "factor at the end")
        .at_least(0)
        .at_most(1)
        .known_as({"end_learning_rate", "end_lr", "lr_end", "min_factor"});
    describe_fall(s, {"total_iters", "decay_steps"});
    s.instead_of("cycle", "leave it out; 'cosine_restarts' begins anew");
    s.example("polynomial: {power: 2}");
    s.example("polynomial: {power: 0.9, over: 20 epochs, end_factor: 0.01}");
  }
  double at(double share) const override { return end_factor + (1 - end_factor) * std::pow(1 - share, power); }
};
DL_SCHEDULE(PolynomialSchedule, "polynomial");

}  // namespace
}  // namespace dl
