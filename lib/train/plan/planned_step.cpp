// Laying a step out without running it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/planned_step.h"

#include <algorithm>

namespace dl {

PlannedStep::PlannedStep(const Plan& plan, int64_t batch)
    : device(make_device(plan.run.trainer.device, plan.device_options())),
      store(*device),
      programs(plan.recipe(), store) {
  const bool accumulates = plan.run.trainer.accumulate_grad_batches > 1;
  program = accumulates ? &programs.accumulate(batch) : &programs.step(batch);
  memory = programs.memory(batch);
  flops = program->flops() * static_cast<double>(plan.run.trainer.accumulate_grad_batches);
  arena_bytes = program->arena_bytes();
  for (size_t turn = 1; turn < plan.run.turns.size(); ++turn) {
    const Program& further = programs.step(batch, turn);
    flops += further.flops() / static_cast<double>(plan.run.turns[turn].every);
    arena_bytes = std::max(arena_bytes, further.arena_bytes());
  }
  if (accumulates) {
    flops += programs.update().flops();
    arena_bytes = std::max(arena_bytes, programs.update().arena_bytes());
  }
  variable_bytes = store.variable_bytes();
}

}  // namespace dl
