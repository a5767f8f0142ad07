// A model's tensors between the store and safetensors files, under the paths of the layers.
#pragma once
#include <filesystem>
#include <functional>
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

// How the file's tensors differ from the model's in names and shapes, the first few by name; empty where they fit.
// Reads the header only.
std::vector<std::string> weights_differ(const Tensors& tensors, const std::filesystem::path& file);

// Set the store's variables from such a file. One that does not fit is an Error(Exit::usage).
void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file);
void read_optimizer(const Tensors& tensors, Store& store, const std::filesystem::path& file);
// Sets the parameters from the weights' average that is part of such a state.
void read_average(const Tensors& tensors, Store& store, const std::filesystem::path& file);

}  // namespace dl
