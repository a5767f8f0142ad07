// Whether a run can go on from a checkpoint.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/train/kept/checkpoint.h"
#include "lib/train/plan/plan.h"

namespace dl {

// That the checkpoint is of this seed, batch size and these parameter groups, else Error(Exit::usage).
void expect_same_run(const Plan& plan, const Checkpoint& checkpoint);
// That it was trained on the data which have this fingerprint, else Error(Exit::data).
void expect_same_data(const std::string& fingerprint, const Checkpoint& checkpoint);

}  // namespace dl
