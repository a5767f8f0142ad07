// Learning-rate schedules.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>

#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// Where a run stands, for schedules. total_steps is 0 where the run has no planned end.
struct Progress {
  int64_t step = 0;  // optimizer updates done
  int64_t total_steps = 0;
  int64_t steps_per_epoch = 1;
  int64_t batch_size = 1;  // samples an update
};

struct LRSchedule : Described {
  static constexpr const char* kind = "schedule";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  // The factor on the optimizer's learning rate for the update after `step` updates.
  virtual double factor(const Progress& p) const = 0;
  // The momentum of that update; without a value it is the optimizer's own.
  virtual std::optional<double> momentum(const Progress& /*p*/) const { return std::nullopt; }
  // The schedule, itself or one of its parts, that says the momentum of updates; null where none does.
  virtual const LRSchedule* mover_of_momentum() const { return nullptr; }
  virtual bool needs_end() const { return false; }  // whether it says nothing of a run without a planned end
};

}  // namespace dl

#define DL_SCHEDULE(Type, name) DL_REGISTER(::dl::LRSchedule, Type, name)
