// A model's tensors between the store and files, under the paths of the layers: checkpoints are safetensors, what a
// model begins with may be any file of weights (lib/interop/weights/).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/device/program.h"
#include "lib/interop/code/places_elsewhere.h"
#include "lib/nn/network.h"

namespace dl {

using Append = std::function<void(const void* data, size_t bytes)>;
using Tensors = std::vector<Tensor>;  // Network::tensors()

// Parameters and buffers under their paths, in the type they are kept in. Values that are not finite are an
// Error(Exit::diverged) that names the first tensor with one; nothing has been given to `append` then.
void write_weights(const Tensors& tensors, Store& store, const Append& append);
// The optimizer's state: "exp_avg/PATH" for each state and trained tensor.
void write_optimizer(const Tensors& tensors, Store& store, const Append& append);

// A tensor's values, in the order of its elements.
std::vector<float> values_of(const Tensor& tensor, Store& store);
// As many values as it has elements.
void set_values(const Tensor& tensor, Store& store, const std::vector<float>& values);

// What of a file a model begins with.
struct InitialWeights {
  std::string file;                   // its path
  std::string format;                 // of the file: "PyTorch"
  std::string key;                    // the dict in it that was taken: "state_dict"; empty: the file itself
  std::vector<std::string> passed;    // other dicts of weights in it
  std::vector<std::string> wrappers;  // what was taken away before its names: "module."
  struct Piece {
    std::string name;  // in the file
    Twin::Place place;
  };
  std::string layouts;  // whose layouts the file has: "keras", "flax", "onnx"; empty where they are ours
  std::map<std::string, std::vector<Piece>> pieces;  // of tensors that lie otherwise there, by path
  std::vector<std::string> taken;                    // tensors, by path
  std::map<std::string, std::string> names;          // of those that the file calls otherwise: its name, by path
  std::vector<std::string> fresh;                    // those of the model that are not in the file
  std::vector<std::string> left;                     // those of the file that are not taken
  std::vector<std::string> differences;              // what does not fit, the first few; empty where all does
  std::string before;  // what stands before all of the model's names in the file, where nothing else fits: "student."
};
// "8 tensors of w.pt (PyTorch, its dict 'state_dict', without 'module.')".
std::string source_in_words(const InitialWeights& initial);
// What of a file is wanted, by patterns of its names.
struct WantedWeights {
  std::optional<std::string> key;             // the dict in the file that is meant
  bool fresh = false;                         // the model may have tensors that the file has not
  std::vector<std::string> ignore, only;      // what counts as not there; what alone is there, where it is given
  std::map<std::string, std::string> rename;  // "backbone.*": "*", the model's names of the file's; the longest fits
  // Where Keras ("keras"), Flax ("flax") and ONNX ("onnx") have the model's tensors; not set: they are not looked for
  // there.
  std::function<std::vector<code::PlaceElsewhere>(const std::string& target)> elsewhere;
};
// Compares names and shapes; reads no tensor. What frameworks keep beside weights, as num_batches_tracked, is left.
InitialWeights match_weights(const Tensors& tensors, const std::filesystem::path& file, const WantedWeights& wanted);

// Set the store's variables from a checkpoint's file. One that does not fit is an Error(Exit::usage).
void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file);
// Those that were found in a file of any format.
void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file, const InitialWeights& found);
void read_optimizer(const Tensors& tensors, Store& store, const std::filesystem::path& file);
// Sets the parameters, and the buffers that have one, from their average of that name, which is part of such a state.
void read_average(const Tensors& tensors, Store& store, const std::filesystem::path& file, const std::string& average);

}  // namespace dl
