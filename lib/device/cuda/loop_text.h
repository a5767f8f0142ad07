// The kernels of a fused loop as text, with all sizes as constants: equal loops have equal texts.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/code.h"
#include "lib/device/cuda/loop_plan.h"

namespace dl::cuda {

struct LoopText {
  KernelSource source;  // takes LoopPointers<loop_pointers(number of tensors)>, as kernels/loop.h has it
  Grid grid;
};

// How many pointers the kernels of a loop with so many tensors take: so few kinds that each is a type of the program.
inline constexpr int loop_pointer_kinds[] = {16, 64, 448};
int loop_pointers(size_t tensors);

LoopText text_of_pass(const LoopPlan& plan, const LoopPass& pass);

}  // namespace dl::cuda
