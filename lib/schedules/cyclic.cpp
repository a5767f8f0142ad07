// Cyclical rates (Smith 2017, arXiv:1506.01186) as PyTorch's CyclicLR: up from min_factor to 1 and down again, evenly,
// and less far from cycle to cycle: half as far (triangular2), or by gamma with each step (exp_range)
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct CyclicSchedule final : LRSchedule {
  double min_factor = 0.1, gamma = 1, base_momentum = 0.8, max_momentum = 0.9;
  Duration step_size_up = Duration::steps(2000);
  std::optional<Duration> step_size_down;
  std::string mode = "triangular";
  bool cycle_momentum = true;

  void describe(Schema& s) override {
    s.summary("the learning rate goes up to the optimizer's and down again, over and over");
    s.details("The optimizer's 'lr' is the largest rate, max_lr of PyTorch.");
    s.also_known_as({"CyclicLR", "cyclic_lr", "clr", "triangular"});
    s.instead_of("max_lr", "write it as the optimizer's 'lr'");
    s.instead_of("base_lr", "write 'min_factor': 0.1 where it is a tenth of the largest rate");
    s.optional("min_factor", min_factor, "the least factor").at_least(0).at_most(1);
    s.optional("step_size_up", step_size_up, "how long it rises").above(0).units(schedule_units());
    s.optional("step_size_down", step_size_down, "how long it falls; without it, as long as it rises")
        .above(0)
        .units(schedule_units());
    s.optional("mode", mode,
               "how far it rises: triangular, always; triangular2, half as far in each cycle; exp_range, "
               "by gamma less with each step")
        .one_of({"triangular", "triangular2", "exp_range"});
    s.optional("gamma", gamma, "of exp_range: the factor of each step").above(0).at_most(1);
    s.optional("cycle_momentum", cycle_momentum, "whether the momentum, or the first of 'betas', goes against it");
    s.optional("base_momentum", base_momentum, "the momentum where the rate is largest").at_least(0).below(1);
    s.optional("max_momentum", max_momentum, "the momentum where the rate is least").at_least(0).below(1);
    s.example("cyclic: {min_factor: 0.1, step_size_up: 2 epochs}");
    s.example("cyclic: {step_size_up: 500 steps, mode: exp_range, gamma: 0.9995, cycle_momentum: false}");
  }
  const LRSchedule* mover_of_momentum() const override { return cycle_momentum ? this : nullptr; }
  double factor(const Progress& p) const override { return min_factor + (1 - min_factor) * height(p); }
  std::optional<double> momentum(const Progress& p) const override {
    if (!cycle_momentum) return std::nullopt;
    return max_momentum - (max_momentum - base_momentum) * height(p);
  }

 private:
  double height(const Progress& p) const {
    const double up = updates_in(step_size_up, p), down = step_size_down ? updates_in(*step_size_down, p) : up;
    const auto step = static_cast<double>(p.step);
    const double cycle = std::floor(step / (up + down)), done = step / (up + down) - cycle, turn = up / (up + down);
    const double rise = done <= turn ? done / turn : (1 - done) / (1 - turn);
    return std::max(0.0, rise) * (mode == "triangular2" ? std::pow(0.5, cycle)
                                  : mode == "exp_range" ? std::pow(gamma, step)
                                                        : 1);
  }
};
DL_SCHEDULE(CyclicSchedule, "cyclic");

}  // namespace
}  // namespace dl
