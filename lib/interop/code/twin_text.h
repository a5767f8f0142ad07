// A layer of a model with what it says of its twins, and what stands for the names in their templates.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/interop/code/lone_layer.h"
#include "lib/spec/blocks.h"

namespace dl::code {

struct TwinnedLayer {
  // Of an item that is a layer, for inputs of samples of these types, in a model whose first input is `model_input`.
  // Without `says` it has no twins.
  TwinnedLayer(const ModelItem& item, const std::vector<Type>& inputs, const Shape& model_input, bool says);

  std::unique_ptr<Layer> layer;
  LoneLayer lone;
  Twins twins;
  // Keys of the layer as Python has them, and what it says besides.
  std::map<std::string, std::string> values() const;
};

// "conv1" of "layer1.0.conv1".
std::string last_part(const std::string& path);
// The name of the block that an item uses; empty for a repeat, whose children are its copies.
std::string block_of(const ModelItem& item);

}  // namespace dl::code
