// How a run reads its sets: as the section `data:` says, and with the whole numbers that its network and loss take.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/data/loader.h"
#include "lib/train/plan/plan.h"

namespace dl {

LoaderOptions training_loading(const Plan& plan);  // of what training is fed with
LoaderOptions sample_loading(const Plan& plan);    // of the training set, where that is its samples' numbers
// `part` is "train", "val" or "test".
LoaderOptions evaluation_loading(const Plan& plan, const Dataset& data, const std::string& part);
LoaderOptions prediction_loading(const Plan& plan, const Dataset& data);  // targets may be anything

}  // namespace dl
