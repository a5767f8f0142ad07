// What can be trained but is likely not meant.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/train/plan/plan.h"

namespace dl {

// Of a plan that is right: each with its place and what to write.
std::vector<Problem> unlikely(const Plan& plan);

// The path of a layer that normalizes each channel over the batch, and of a batch of one sample has a single value of
// it; empty where there is none.
std::string normalized_over_the_batch(const Network& network);

}  // namespace dl
