// Cosine annealing with warm restarts (Loshchilov and Hutter 2017, arXiv:1608.03983): half cosines one after another,
// each `times` as long as the one before and from a peak `peak_factor` as high
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct CosineRestartsSchedule final : WarmupSchedule {
  Duration first = Duration::epochs(1);
  double times = 1, peak_factor = 1, min_factor = 0;

  void describe(Schema& s) override {
    s.summary("the learning rate falls along half a cosine, again and again");
    s.also_known_as({"CosineAnnealingWarmRestarts", "CosineDecayRestarts", "cosine_with_restarts",
                     "cosine_annealing_warm_restarts", "cosine_with_hard_restarts", "sgdr"});
    s.required("first", first, "length of the first fall after the warm-up")
        .above(0)
        .units(schedule_units())
        .known_as({"T_0", "first_decay_steps"});
    s.optional("times", times, "each fall is so many times as long as the one before")
        .at_least(1)
        .known_as({"T_mult", "t_mul"});
    s.optional("peak_factor", peak_factor, "each fall begins at so much of where the one before began")
        .above(0)
        .at_most(1)
        .known_as({"m_mul", "gamma"});
    s.optional("min_factor", min_factor, "factor at the end of each fall").at_least(0).at_most(1).known_as({"alpha"});
    for (const char* key : {"eta_min", "min_lr", "lr_min", "end_lr", "final_lr"})
      s.instead_of(key, "write 'min_factor', its share of the learning rate");
    describe_warmup(s);
    s.example("cosine_restarts: {first: 5 epochs, times: 2}");
    s.example("cosine_restarts: {first: 1000 steps, peak_factor: 0.8, min_factor: 0.01, warmup: 200 steps}");
  }
  double after(double done, double, const Progress& p) const override {
    double length = updates_in(first, p), peak = 1;
    if (times == 1) {  // in one go, however many there were
      const double falls = std::floor(done / length);
      done -= falls * length;
      peak = std::pow(peak_factor, falls);
    }
    for (; done >= length; length *= times) {
      done -= length;
      peak *= peak_factor;
    }
    return min_factor + (1 - min_factor) * peak * 0.5 * (1 + std::cos(std::numbers::pi * done / length));
  }
};
DL_SCHEDULE(CosineRestartsSchedule, "cosine_restarts");

}  // namespace
}  // namespace dl
