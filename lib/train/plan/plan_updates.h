// What a run's updates change, and by which rules.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "lib/train/plan/plan.h"

namespace dl {

// Sets the plan's groups and clipping, by its optimizers, turns and the trainer's keys. Where nothing was wrong before,
// the parameters are arranged, and turns and losses checked against them. Problems go to `problems`, or with the place
// of their key to `add`.
void plan_updates(Plan& plan, std::vector<Problem>& problems,
                  const std::function<void(const std::string& path, std::string what, std::string help)>& add);

}  // namespace dl
