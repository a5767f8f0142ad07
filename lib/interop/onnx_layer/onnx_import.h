// An ONNX file as a run's network: one layer, with the inputs that the file names.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>

#include "lib/interop/family.h"
#include "lib/interop/imported_data.h"

namespace dl::onnx {

// The config of a run whose model is the file, which stays where it is. A last softmax or sigmoid becomes part of the
// loss. Sizes that the file leaves open are to be in `given`; else, and where a name there is no input's, it is an
// Error(Exit::usage) that says what to write. Where `channels_first` does not say how images lie in it, that is
// guessed of their sizes, and told. `output`: a tensor that is the result instead of the model's first output.
FamilyNetwork read_import(const std::filesystem::path& file, const GivenSizes& given,
                          std::optional<bool> channels_first = {}, const std::string& output = {});

}  // namespace dl::onnx
