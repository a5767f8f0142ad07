// What of init_from's file a plan's network begins with.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/train/plan/plan.h"
#include "lib/train/plan/plan_problems.h"

namespace dl {

// Sets the plan's initial weights where the config has init_from: names and shapes of its file against the network's.
// No tensor is read.
void plan_weights(Plan& plan, PlanProblems& problems);

}  // namespace dl
