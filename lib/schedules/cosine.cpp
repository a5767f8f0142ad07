// Cosine annealing (Loshchilov and Hutter 2017, arXiv:1608.03983): from 1 to min_factor along half a cosine
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct CosineSchedule final : WarmupSchedule {
  double min_factor = 0;
  std::optional<Duration> over;

  void describe(Schema& s) override {
    s.summary("the learning rate falls along half a cosine until the run's end");
    s.also_known_as({"cosine_annealing", "CosineAnnealingLR", "CosineDecay"});
    s.optional("min_factor", min_factor, "factor at the end").at_least(0).at_most(1);
    s.optional("over", over, "length of the fall after the warm-up; to the run's planned end where not given")
        .above(0)
        .units({Duration::Unit::steps, Duration::Unit::epochs, Duration::Unit::samples})
        .known_as({"T_max", "decay_steps"});
    describe_warmup(s);
    s.example("cosine: {warmup: 1 epoch}");
  }

  double after(double done, double left, const Progress& p) const override {
    const double length = over ? updates_in(*over, p) : left;
    const double share = length > 0 ? std::min(1.0, done / length) : 0;
    return min_factor + (1 - min_factor) * 0.5 * (1 + std::cos(std::numbers::pi * share));
  }
};
DL_SCHEDULE(CosineSchedule, "cosine");

}  // namespace
}  // namespace dl
