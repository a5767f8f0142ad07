// A model's tensors between the store and safetensors files, under the paths of the layers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/device/program.h"
#include "lib/nn/network.h"

namespace dl {

using Append = std::function<void(const void* data, size_t bytes)>;
using Tensors = std::vector<Tensor>;  // Network::tensors()

// Parameters and buffers under their paths, in the type they are kept in. Values that are not finite are an
// Error(Exit::diverged) that names the first tensor with one; nothing has been given to `append` then.
void write_weights(const Tensors& tensors, Store& store, const Append& append);
// The optimizer's state: "exp_avg/PATH" for each state and trained tensor.
void write_optimizer(const Tensors& tensors, Store& store, const Append& append);

// What of a file a model begins with.
struct InitialWeights {
  std::vector<std::string> taken;            // tensors, by path
  std::map<std::string, std::string> names;  // of those that the file calls otherwise: its name, by path
  std::vector<std::string> fresh;            // those of the model that are not in the file
  std::vector<std::string> left;             // those of the file that are not taken
  std::vector<std::string> differences;      // what does not fit, the first few; empty where all does
};
// What of a file is wanted, by patterns of its names.
struct WantedWeights {
  bool fresh = false;                         // the model may have tensors that the file has not
  std::vector<std::string> ignore, only;      // what counts as not there; what alone is there, where it is given
  std::map<std::string, std::string> rename;  // "backbone.*": "*", the model's names of the file's; the longest fits
};
// Compares names and shapes; reads the header only. PyTorch's num_batches_tracked is left.
InitialWeights match_weights(const Tensors& tensors, const std::filesystem::path& file, const WantedWeights& wanted);

// Set the store's variables from such a file. One that does not fit is an Error(Exit::usage).
void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file);
// Those that were found.
void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file, const InitialWeights& found);
void read_optimizer(const Tensors& tensors, Store& store, const std::filesystem::path& file);
// Sets the parameters from their average of that name, which is part of such a state.
void read_average(const Tensors& tensors, Store& store, const std::filesystem::path& file, const std::string& average);

}  // namespace dl
