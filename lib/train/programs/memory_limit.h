// Keeping a training step to a memory limit by computing values again instead of keeping them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>

#include "lib/device/program.h"
#include "lib/graph/recompute.h"

namespace dl {

struct MemoryLimit {
  std::optional<int64_t> bytes;  // of the store's variables, the batches and the arena together; none: no limit
  int64_t batches = 0;           // bytes of the batches in memory
  int64_t batch = 0;             // samples, for messages
};

// What a step takes, and what keeping to the limit costs it.
struct StepMemory {
  Recomputation recomputation;  // of one stage where nothing is computed again
  double extra_flops = 0;       // share of the step's that computing again adds
  int64_t plain_arena_bytes = 0;
  int64_t arena_bytes = 0;
  int64_t batch_bytes = 0;
};

struct LimitedProgram {
  std::unique_ptr<Program> program;
  StepMemory memory;
};

// The graph's program, with as few FLOPs as can be found within the limit. Where none is found, Error(Exit::usage) says
// the least possible and what to lower.
LimitedProgram fit_program(const Graph& graph, Store& store, const PassOptions& options, const MemoryLimit& limit);

}  // namespace dl
