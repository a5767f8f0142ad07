// The training step of a plan, laid out but never run: what it computes and what memory it needs.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "lib/graph/sizes.h"
#include "lib/train/plan/plan.h"
#include "lib/train/programs/programs.h"

namespace dl {

// Takes no memory by the config's sizes. A step that is too large to be counted, or for trainer.memory_limit, is an
// Error(Exit::usage).
struct PlannedStep {
  PlannedStep(const Plan& plan, int64_t batch);

  // Weights, optimizer state, batches and the values of a step. Nothing else of a run grows with the model: a
  // checkpoint is written in small pieces.
  int64_t memory_bytes() const { return plus(variable_bytes, plus(memory.batch_bytes, arena_bytes)); }

  std::unique_ptr<Device> device;
  Store store;
  Programs programs;
  Program* program;
  StepMemory memory;
  double flops;  // of an update
  int64_t arena_bytes, variable_bytes;
};

}  // namespace dl
