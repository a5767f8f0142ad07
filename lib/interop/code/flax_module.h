// A model's items as modules of Flax's linen: a block of the config is a class, and a layer without a twin a class made
// of its operations. The names of modules are the parts of dlcli's paths, so that the variables' tree is theirs.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/interop/code/foreign_tensors.h"

namespace dl::code {

struct FlaxModule {
  std::string classes;     // their definitions
  std::string net;         // the name of the last, which is the network's
  ForeignTensors tensors;  // "params.layer1.0.conv1.kernel", "batch_stats.norm.mean"
};

FlaxModule flax_module(const TrainedNetwork& trained, bool twins);

}  // namespace dl::code
