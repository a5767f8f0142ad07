// What a plan's network must be, once it is built.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/train/plan/plan.h"
#include "lib/train/plan/plan_problems.h"

namespace dl {

// That there is something to train and what is frozen is there; that it takes batches of any size, sequences of each
// bucket's length, and views of images where outputs are averaged over some; and the losses and metrics against what it
// gives, which completes what they left open.
void check_network(Plan& plan, PlanProblems& problems);

}  // namespace dl
