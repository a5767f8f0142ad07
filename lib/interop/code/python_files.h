// What exported Python has in common, whatever the library: the head, and the check against expected.npz.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "lib/interop/program/trained_network.h"

namespace dl::code {

// The docstring of a module: what it is, and its inputs and output.
std::string head(const TrainedNetwork& trained, const std::string& what, bool channels_first);
// The inputs' names as a Python tuple.
std::string input_names(const Network& network);
// What a function calls them: by their own names where these are free, all different.
std::vector<std::string> arguments_for(const Network& network);
// The end of a module that has predict(inputs): run by itself it compares with expected.npz, and fails where it is off.
std::string check_at_end();
struct NamedArray {
  std::string name;
  Shape shape;
  std::vector<float> values;
};
// As the file's name ends: .npz, .safetensors.
void write_arrays(const std::filesystem::path& file, std::vector<NamedArray> arrays);
// All tensors under their paths.
void write_tensors(const TrainedNetwork& trained, const std::filesystem::path& file);
// The table of an export that changes no tensor.
std::vector<WrittenTensor> as_they_are(const Network& network);

}  // namespace dl::code
