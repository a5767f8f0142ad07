// What the layers of a network give for a batch, of a run or as another program has saved it, and where two of them
// part.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/interop/weights/weights_table.h"
#include "lib/train/inference/evaluate.h"

namespace dl {

using Activations = std::vector<Inference::Activation>;

// The inputs under their names, then what each layer gives under its path, in dlcli's layouts: images and sequences
// have their channels last. The format goes by the file's name.
void write_activations(const std::filesystem::path& file, const std::vector<Inference::Given>& inputs,
                       const Activations& layers);

// All of a file that are floats, but for those of these names.
Activations activations_of(const WeightsTable& table, const std::vector<std::string>& without);

// The network's inputs as a file has them under their names, in its layout or with the channels first. None where one
// of them is not there; one that does not fit is an Error(Exit::data).
std::optional<std::vector<Inference::Given>> inputs_in(const WeightsTable& table, const Network& network);

// How a layer of one side differs from that of the same name of the other.
struct ActivationDifference {
  std::string path, type;
  Shape shape;
  double largest = 0;   // of |a - b|
  double relative = 0;  // that over the largest |a|
  bool turned = false;  // the other's channels are first
  std::string misfit;   // why they cannot be compared: "[8, 10] beside [8, 12]"
  bool parts(double tolerance) const { return !misfit.empty() || !(relative <= tolerance); }
};

struct ActivationDifferences {
  std::vector<ActivationDifference> layers;  // in the order of `a`
  std::vector<std::string> only_a, only_b;   // names that the other does not have
};

// Names of `b` that fit the first pattern of a rule are those of its second: {"net.*", "*"}. Without a rule what
// wrappers put before names, as "net.", is taken away where no name is known without. What lies with the channels first
// is turned where it fits, or lies nearer, so.
ActivationDifferences activation_differences(const Activations& a, const Activations& b,
                                             const std::vector<std::pair<std::string, std::string>>& rules);

}  // namespace dl
