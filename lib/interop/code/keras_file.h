// A functional model of Keras 3 as Keras itself keeps it: config.json, metadata.json and model.weights.h5 in an
// archive. What is not as by default is all that the config says, so that Keras from 3.0 on opens it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/interop/code/foreign_tensors.h"

namespace dl::code {

// One call of a layer, in Python whose arguments all have their names.
struct KerasCall {
  std::string layer;            // its name
  std::string constructor;      // "layers.Dense(units=4)"; empty where the call is an expression
  std::string call;             // "{self}(layers.Permute(dims=(3, 1, 2))({x}))"
  std::vector<size_t> inputs;   // values: the model's inputs, then what each call gives
  std::optional<Shape> output;  // of a sample, where it is known
};

// What the layer of an input of this name is called: Keras takes no '/' in names.
std::string input_layer_name(std::string input);

// `arrays` are the layers' variables, LAYER/VARIABLE, in Keras's order.
void write_keras_file(const std::filesystem::path& file, const std::vector<Network::Input>& inputs,
                      const std::vector<KerasCall>& calls, size_t result, const std::vector<NamedArray>& arrays);

}  // namespace dl::code
