// Where the tensors of a model's layers lie in the files of another framework whose layers have the same names: what
// exports write, read backwards.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/nn/network.h"
#include "lib/nn/twins.h"
#include "lib/spec/blocks.h"

namespace dl::code {

struct PlaceElsewhere {
  std::string path;  // of ours
  std::string name;  // there, with dots between its parts: "layer1.0.conv1.kernel"
  Twin::Place place;
};

// Of a target with twins, "keras" or "flax". Of every tensor the places that its layer's twin says come first, then
// that of our own name, in Flax with underscores, as a layer that is written as operations has it. Of "onnx" only the
// tensors that do not lie there as they are.
std::vector<PlaceElsewhere> places_elsewhere(const std::vector<ModelItem>& items,
                                             const std::vector<Network::Input>& inputs, const std::string& target);

}  // namespace dl::code
