// What --set may not say of a run that has been trained: keys that its data have settled, and that it would pass over.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/train/plan/plan.h"

namespace dl {

// Keys of the reader that the fit to the training data took in (Reader::keys_of_fit()), where the plan has one that is
// kept: Error(Exit::usage).
void refuse_another_fit(const Plan& plan, const std::vector<std::string>& sets);

// Keys by which other samples would be held out as `split` than those that the run was not trained on:
// Error(Exit::usage).
void refuse_another_part(const Plan& plan, const std::vector<std::string>& sets, const std::string& split);

// Keys that say how a run begins, of one that goes on: Error(Exit::usage).
void refuse_another_beginning(const std::vector<std::string>& sets);

}  // namespace dl
