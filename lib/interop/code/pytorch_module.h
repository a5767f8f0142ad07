// A model's items as PyTorch's modules: a chain of layers is an nn.Sequential, a block a class, and a layer without a
// twin a class made of its operations. Keys of the state_dict are the paths of dlcli's tensors.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/interop/program/trained_network.h"

namespace dl::code {

struct PyTorchModule {
  std::string classes;            // their definitions
  std::string net;                // the name of the last, which is the network's
  std::vector<std::string> tied;  // keys that its state_dict has besides the tensors
};

PyTorchModule pytorch_module(const TrainedNetwork& trained, bool twins);

}  // namespace dl::code
