// Exponential decay, as Keras' ExponentialDecay and, with a staircase, PyTorch's ExponentialLR: gamma^(t / every)
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct ExponentialSchedule final : WarmupSchedule {
  double gamma = 0.9;
  Duration every = Duration::epochs(1);
  bool staircase = false;

  void describe(Schema& s) override {
    s.summary("the learning rate falls by the same factor in every period, a little with each step");
    s.details("PyTorch's ExponentialLR, which is stepped once an epoch, is {every: 1 epoch, staircase: true}.");
    s.also_known_as({"ExponentialLR", "ExponentialDecay", "exponential_decay", "exp"});
    s.required("gamma", gamma, "factor of a period").above(0).at_most(1).known_as({"decay_rate", "factor"});
    s.optional("every", every, "length of a period").above(0).units(schedule_units()).known_as({"decay_steps"});
    s.optional("staircase", staircase, "whether it falls at the end of each period, all at once");
    describe_warmup(s);
    s.example("exponential: {gamma: 0.9, every: 1 epoch}");
    s.example("exponential: {gamma: 0.97, every: 2 epochs, staircase: true, warmup: 500 steps}");
  }
  double after(double done, double, const Progress& p) const override {
    const double periods = done / updates_in(every, p);
    return std::pow(gamma, staircase ? std::floor(periods) : periods);
  }
};
DL_SCHEDULE(ExponentialSchedule, "exponential");

}  // namespace
}  // namespace dl
