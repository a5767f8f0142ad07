// Cosine annealing (Loshchilov and Hutter 2017, arXiv:1608.03983): from 1 to min_factor along half a cosine
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct CosineSchedule final : FallSchedule {
  double min_factor = 0;

  void describe(Schema& s) override {
    s.summary("the learning rate falls along half a cosine until the run's end");
    s.also_known_as({"cosine_annealing", "CosineAnnealingLR", "CosineDecay", "warmup_cosine", "cosine_with_warmup"});
    s.optional("min_factor", min_factor, "factor at the end").at_least(0).at_most(1).known_as({"alpha"});
    for (const char* key : {"eta_min", "min_lr", "lr_min", "end_lr", "final_lr"})
      s.instead_of(key, "write 'min_factor', its share of the learning rate");
    describe_fall(s, {"T_max", "decay_steps"});
    s.example("cosine: {warmup: 1 epoch}");
  }
  double at(double share) const override {
    return min_factor + (1 - min_factor) * 0.5 * (1 + std::cos(std::numbers::pi * share));
  }
};
DL_SCHEDULE(CosineSchedule, "cosine");

}  // namespace
}  // namespace dl
