// A checkpoint as PyTorch and Lightning would go on from it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/interop/training_state.h"
#include "lib/train/kept/checkpoint.h"
#include "lib/train/plan/plan.h"

namespace dl {

// `plan` is the checkpoint's own, with its training set, whose epochs the schedule counts.
TrainingState training_state_of(const Plan& plan, const Checkpoint& checkpoint);

}  // namespace dl
