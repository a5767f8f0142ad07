// Learning-rate schedules.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

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
  // The momentum of that update, of one that moves_momentum().
  virtual double momentum(const Progress& /*p*/) const { return 0; }
  virtual bool moves_momentum() const { return false; }
  virtual bool needs_end() const { return false; }  // whether it says nothing of a run without a planned end
};

}  // namespace dl

#define DL_SCHEDULE(Type, name) DL_REGISTER(::dl::LRSchedule, Type, name)
