// The training set in the device's memory (data.cache: device): a variable "data/FIELD" for each field that training
// programs read, of which they gather each batch by its samples' numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

#include "lib/data/loader.h"
#include "lib/device/program.h"
#include "lib/train/plan/plan.h"

namespace dl {

// Reads all samples into the variables that training programs, made before, asked for. Error(Exit::failed) where the
// device has no room for them.
void put_on_device(const Plan& plan, Store& store);

// Loader::non_finite() of the samples whose numbers the batch has.
std::optional<std::string> non_finite_samples(const Plan& plan, const Cursor& batch);

}  // namespace dl
