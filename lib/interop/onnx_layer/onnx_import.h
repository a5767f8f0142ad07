// An ONNX file as a run's network: one layer, with the inputs that the file names.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/interop/family.h"

namespace dl::onnx {

// Sizes of inputs without their batch, in the model's order of axes, by the model's names.
using GivenSizes = std::map<std::string, std::vector<int64_t>>;

// The config of a run whose model is the file, which stays where it is. A last softmax or sigmoid becomes part of the
// loss. Sizes that the file leaves open are to be in `given`; else, and where a name there is no input's, it is an
// Error(Exit::usage) that says what to write.
FamilyNetwork read_import(const std::filesystem::path& file, const GivenSizes& given);

}  // namespace dl::onnx
