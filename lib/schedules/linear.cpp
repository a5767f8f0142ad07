// A straight line, as PyTorch's LinearLR goes: start_factor + (end_factor - start_factor) t, t from 0 to 1
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct LinearSchedule final : FallSchedule {
  double start_factor = 1, end_factor = 0;

  void describe(Schema& s) override {
    s.summary("the learning rate goes evenly from one factor to another, down to 0 at the run's end");
    s.details("PyTorch's own factors, from 1/3 to 1, are a warm-up, which every schedule has as a key.");
    s.also_known_as({"LinearLR", "linear_lr", "linear_decay", "linear_with_warmup", "linear_schedule_with_warmup"});
    s.optional("start_factor", start_factor, "factor after the warm-up").above(0).at_most(1);
    s.optional("end_factor", end_factor, "factor at the end").at_least(0).at_most(1);
    describe_fall(s, {"total_iters"});
    s.example("linear");
    s.example("linear: {warmup: 500 steps, end_factor: 0.1}");
  }
  double at(double share) const override { return start_factor + (end_factor - start_factor) * share; }
};
DL_SCHEDULE(LinearSchedule, "linear");

}  // namespace
}  // namespace dl
