// What an export is checked with: an input, and what dlcli computes of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "lib/train/inference/evaluate.h"

namespace dl {

// Writes an .npz with an array for each of the network's inputs, by its name, and "output": three samples drawn at
// random, whole numbers (i64) below what the network's tables take. Images and volumes have their channels first or
// last.
void write_sample(const Plan& plan, Inference& inference, bool channels_first, const std::filesystem::path& file);

}  // namespace dl
