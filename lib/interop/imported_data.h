// What an imported run's `data:` says: arrays of its network's inputs and of a target, in files that a user puts there.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lib/graph/type.h"
#include "lib/spec/node.h"

namespace dl {

// Sizes of inputs without their batch, in the model's order of axes, by the model's names.
using GivenSizes = std::map<std::string, std::vector<int64_t>>;

struct ImportedInput {
  std::string name;
  std::vector<int64_t> sizes;  // of a sample
  bool whole = false;          // whole numbers
};

// What the items of `model:` that are named in `outputs` give for a sample, by their names; without two of them what
// the network ends with, by "". What is wrong with the items is an Error(Exit::usage).
std::map<std::string, Shape> outputs_of(const Node& model, const std::vector<ImportedInput>& inputs,
                                        const std::vector<std::string>& outputs = {});

// What outputs are measured by, as `loss:` has it, by their names as in outputs_of().
using OutputLosses = std::map<std::string, Node>;

// The target y, of several outputs y_NAME of each that has a loss: a class for losses of classes, else as the output
// is.
Node imported_data(const std::vector<ImportedInput>& inputs, const OutputLosses& losses,
                   const std::map<std::string, Shape>& outputs);

}  // namespace dl
