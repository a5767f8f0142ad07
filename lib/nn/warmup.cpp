// Warm-up.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/warmup.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "lib/base/error.h"

namespace dl {
namespace {

// 1.1 epochs of 100 updates are 110, and not the least above it, which would be an update late.
double without_rounding(double updates) {
  const double whole = std::round(updates);
  return std::abs(updates - whole) <= 1e-9 * whole ? whole : updates;
}

}  // namespace

double updates_in(const Duration& d, const Progress& p) {
  switch (d.unit) {
    case Duration::Unit::steps: return d.value;
    case Duration::Unit::epochs: return without_rounding(d.value * static_cast<double>(p.steps_per_epoch));
    case Duration::Unit::samples: return d.value / static_cast<double>(p.batch_size);
    case Duration::Unit::percent: return without_rounding(d.value / 100 * static_cast<double>(p.total_steps));
    case Duration::Unit::seconds: break;
  }
  DL_CHECK(false, "a schedule in seconds would not be repeatable");
  return 0;
}

const std::vector<Duration::Unit>& schedule_units() {
  static const std::vector<Duration::Unit> units{Duration::Unit::steps, Duration::Unit::epochs, Duration::Unit::samples,
                                                 Duration::Unit::percent};
  return units;
}

void WarmupSchedule::describe_warmup(Schema& s) {
  for (const char* key : {"warmup_steps", "num_warmup_steps"}) s.instead_of(key, "write 'warmup: 500 steps'", "500");
  s.instead_of("warmup_epochs", "write 'warmup: 2 epochs'", "2");
  for (const char* key : {"warmup_ratio", "warmup_proportion", "warmup_fraction"})
    s.instead_of(key, "write 'warmup: 10%', of the run's steps");
  s.optional("warmup", warmup,
             "the factor rises linearly over so many updates n, as (update + 1) / (n + 1): it is 1 from the first "
             "after them on")
      .at_least(0)
      .unit(Duration::Unit::steps)
      .units(schedule_units());
}

bool is_told_by_the_end(const LRSchedule& schedule) {
  const std::function<bool(const Node&)> has_share = [&](const Node& node) {
    return (node.is_scalar() && node.text.ends_with("%")) || std::ranges::any_of(node.items, has_share) ||
           std::ranges::any_of(node.entries, [&](const Node::Entry& entry) { return has_share(entry.value); });
  };
  return schedule.needs_end() || has_share(write_registered(schedule));
}

double WarmupSchedule::factor(const Progress& p) const {
  const double rise = updates_in(warmup, p), step = static_cast<double>(p.step);
  if (step < rise) return (step + 1) / (rise + 1);
  return after(step - rise, std::max(0.0, static_cast<double>(p.total_steps) - rise), p);
}

void FallSchedule::describe_fall(Schema& s, std::vector<std::string> known_as) {
  s.optional("over", over, "length of the fall after the warm-up; to the run's planned end where not given")
      .above(0)
      .units(schedule_units())
      .known_as(std::move(known_as));
  describe_warmup(s);
}

double FallSchedule::after(double done, double left, const Progress& p) const {
  const double length = over ? updates_in(*over, p) : left;
  return at(length > 0 ? std::min(1.0, done / length) : 0);
}

}  // namespace dl
