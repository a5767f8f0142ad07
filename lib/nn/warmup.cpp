// Warm-up.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/warmup.h"

#include <algorithm>

#include "lib/base/error.h"

namespace dl {

double updates_in(const Duration& d, const Progress& p) {
  switch (d.unit) {
    case Duration::Unit::steps: return d.value;
    case Duration::Unit::epochs: return d.value * static_cast<double>(p.steps_per_epoch);
    case Duration::Unit::samples: return d.value / static_cast<double>(p.batch_size);
    case Duration::Unit::seconds: break;
  }
  DL_CHECK(false, "a schedule in seconds would not be repeatable");
  return 0;
}

void WarmupSchedule::describe_warmup(Schema& s) {
  for (const char* key : {"warmup_steps", "num_warmup_steps", "warmup_epochs", "warmup_ratio"})
    s.instead_of(key, "write 'warmup: 500 steps' or 'warmup: 1 epoch'");
  s.optional("warmup", warmup,
             "the factor rises linearly over so many updates n, as (update + 1) / (n + 1): it is 1 from the first "
             "after them on")
      .at_least(0)
      .unit(Duration::Unit::steps)
      .units({Duration::Unit::steps, Duration::Unit::epochs, Duration::Unit::samples});
}

double WarmupSchedule::factor(const Progress& p) const {
  const double rise = updates_in(warmup, p), step = static_cast<double>(p.step);
  if (step < rise) return (step + 1) / (rise + 1);
  return after(step - rise, std::max(0.0, static_cast<double>(p.total_steps) - rise), p);
}

}  // namespace dl
