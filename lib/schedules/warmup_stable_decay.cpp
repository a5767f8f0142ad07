// Warm-up, then as it is, then a fall to the run's end (Hu et al. 2024, arXiv:2404.06395; the root's form: Hägele et
// al. 2024, arXiv:2405.18392): with t from 0 to 1 in the fall min_factor + (1 - min_factor) (1 - t), (1 + cos(pi t)) /
// 2 or 1 - sqrt(t)
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct WarmupStableDecaySchedule final : WarmupSchedule {
  std::optional<Duration> decay;
  std::string decay_type = "linear";
  double min_factor = 0;

  void describe(Schema& s) override {
    s.summary("the learning rate rises, stays, and falls only at the run's end");
    s.details("In a run without a planned end it does not fall.");
    s.also_known_as({"wsd", "WSD", "trapezoidal", "warmup_stable_decay_schedule"});
    s.optional("decay", decay, "length of the fall, which ends with the run; without it, a tenth of the run")
        .above(0)
        .units(schedule_units())
        .known_as({"num_decay_steps", "cooldown"});
    s.optional("decay_type", decay_type, "how it falls: evenly, along half a cosine, or as 1 minus a root")
        .one_of({"linear", "cosine", "1-sqrt"});
    s.optional("min_factor", min_factor, "factor at the end").at_least(0).at_most(1).known_as({"min_lr_ratio"});
    describe_warmup(s);
    s.example("warmup_stable_decay: {warmup: 500 steps, decay: 2 epochs}");
    s.example("warmup_stable_decay: {decay_type: 1-sqrt}");
  }
  double after(double done, double left, const Progress& p) const override {
    if (p.total_steps == 0) return 1;
    const double length = std::min(left, decay ? updates_in(*decay, p) : static_cast<double>(p.total_steps) / 10);
    const double t = length > 0 ? std::clamp((done - (left - length)) / length, 0.0, 1.0) : 0;
    const double share = decay_type == "linear"   ? 1 - t
                         : decay_type == "cosine" ? (1 + std::cos(std::numbers::pi * t)) / 2
                                                  : 1 - std::sqrt(t);
    return min_factor + (1 - min_factor) * share;
  }
};
DL_SCHEDULE(WarmupStableDecaySchedule, "warmup_stable_decay");

}  // namespace
}  // namespace dl
