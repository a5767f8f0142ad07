// What a model begins with out of a file of any format (lib/interop/weights/): its tensors found there under whatever
// names and layouts, and read.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/interop/code/places_elsewhere.h"
#include "lib/train/kept/tensors_in_store.h"

namespace dl {

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
  std::string makes_whole;  // what to call in PyTorch before saving weights that the file has in parts; empty: none
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

// Sets the store's variables from those that were found.
void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file, const InitialWeights& found);

}  // namespace dl
