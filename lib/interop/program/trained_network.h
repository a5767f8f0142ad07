// A network with its weights, as exports see it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/nn/network.h"

namespace dl {

struct TrainingState;

struct TrainedNetwork {
  const Network& network;
  const std::vector<ModelItem>& items;  // that it was made of
  std::optional<std::string> output;    // the item whose output is written; none: what the network ends with
  std::string source;                   // where the weights are from, in words: "quickstart-1, step 430"
  Node config;                          // of the run, resolved
  std::function<std::vector<float>(const Tensor&)> weights;
  std::vector<float> learning_rates;        // factors on the optimizer's, of each step of the run; one at least
  const TrainingState* training = nullptr;  // where the training stands; null: it is not known, or goes on nowhere
  std::vector<std::string> before;          // what is done to samples beside the transforms: "bytes are divided by 255"
  std::vector<std::string> behind;          // what is to be known of the output: "its classes are [cat, dog]"
};

// One of its tensors as an export has it.
struct WrittenTensor {
  std::string path, name;  // here, and there
  Shape shape;             // there
  std::string change;      // "as it is", or what was done to it
};

// What is done to samples before the network is given them, which no export does: `before`, and what the run's
// transforms do, "normalize: {mean: 0.1307, std: 0.3081}"; of random ones their plain counterpart.
std::vector<std::string> transforms_before(const TrainedNetwork& trained);

// The tensor that a value of Network::build's graph is; null where it is computed.
const Tensor* tensor_of(const Network& network, const Value& v);

}  // namespace dl
