// The inverse square root of the time (Vaswani et al. 2017, arXiv:1706.03762): sqrt(timescale / (timescale + t)), t
// from the warm-up's end, as long as which the timescale is
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/warmup.h"

namespace dl {
namespace {

struct InverseSqrtSchedule final : WarmupSchedule {
  std::optional<Duration> timescale;

  void describe(Schema& s) override {
    s.summary("the learning rate falls as one over the root of the steps: for runs whose end is open");
    s.details("The factor is halved when four times the timescale has passed, counted from the run's start.");
    s.also_known_as({"noam", "InverseSquareRoot", "inverse_square_root", "rsqrt"});
    s.optional("timescale", timescale, "without it the warm-up's length, and 10000 steps where there is none")
        .above(0)
        .units(schedule_units());
    describe_warmup(s);
    s.example("inverse_sqrt: {warmup: 400 steps}");
    s.example("inverse_sqrt: {timescale: 1 epoch}");
  }
  double after(double done, double, const Progress& p) const override {
    double scale = updates_in(timescale.value_or(warmup), p);
    if (scale == 0) scale = 10'000;
    return std::sqrt(scale / (scale + done));
  }
};
DL_SCHEDULE(InverseSqrtSchedule, "inverse_sqrt");

}  // namespace
}  // namespace dl
