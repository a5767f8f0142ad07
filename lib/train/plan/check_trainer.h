// What a plan's schedule and trainer must be, beside the rest of the run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/train/plan/plan.h"
#include "lib/train/plan/plan_problems.h"

namespace dl {

// That it has the end and the momentum that it goes by.
void check_schedule(const Plan& plan, PlanProblems& problems);

// That figures which choose the best checkpoint, or that controllers look at, are measured; and what controllers check
// themselves, where nothing was wrong: of a plan that is to `train`. More threads than cores are a warning.
void check_trainer(const Plan& plan, PlanProblems& problems, bool train);

}  // namespace dl
