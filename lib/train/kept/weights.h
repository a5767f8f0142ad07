// A model's tensors between the store and a checkpoint's files, safetensors, under the paths of the layers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/train/kept/tensors_in_store.h"

namespace dl {

using Append = std::function<void(const void* data, size_t bytes)>;

// Parameters and buffers under their paths, in the type they are kept in. Values that are not finite are an
// Error(Exit::diverged) that names the first tensor with one; nothing has been given to `append` then.
void write_weights(const Tensors& tensors, Store& store, const Append& append);
// The optimizer's state: "exp_avg/PATH" for each state and trained tensor.
void write_optimizer(const Tensors& tensors, Store& store, const Append& append);

// Set the store's variables from a checkpoint's file. One that does not fit is an Error(Exit::usage).
void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file);
void read_optimizer(const Tensors& tensors, Store& store, const std::filesystem::path& file);
// Sets the parameters, and the buffers that have one, from their average of that name, which is part of such a state.
void read_average(const Tensors& tensors, Store& store, const std::filesystem::path& file, const std::string& average);

// Of what differs the first few, and how many more there are.
std::vector<std::string> first_differences(std::vector<std::string> all);

}  // namespace dl
