// A run that no step was taken of: its folder holds weights from elsewhere as the checkpoint of step 0, so that it is
// evaluated, used and exported as one that was trained here.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <vector>

#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/plan/plan.h"

namespace dl {

// `values` gives each tensor's elements in their order; without it they are what a training would begin with. Throws
// what that throws, and what Checkpoints::save() does.
using ImportedValues = std::function<std::vector<float>(const Tensor&)>;
Checkpoint keep_imported(const Plan& plan, const RunFolder& folder, const ImportedValues& values);

}  // namespace dl
