// The update of a training step as a graph: the gradient clipped, the optimizer's new parameters and states, their
// average.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/graph/graph.h"
#include "lib/nn/optimizer.h"
#include "lib/nn/parameter_groups.h"

namespace dl {

// A number that programs read and the host computes before each update.
struct HostNumber {
  std::function<double(const UpdateTime&)> compute;
  double lr_factor = 1;
  float value = 0;

  void update(const UpdateTime& time) {
    value = static_cast<float>(compute({.lr = time.lr * lr_factor, .number = time.number}));
  }
};
using HostNumbers = std::map<std::string, HostNumber>;  // by the name of the programs' input; each has one address

struct UpdateParts {
  Variable parameters, average;     // flat, of one size
  std::vector<UpdateRange> ranges;  // empty: all are updated by `optimizer`
  const Optimizer* optimizer = nullptr;
  std::optional<double> clip_norm;   // of all gradients together
  std::optional<double> clip_value;  // of each element
  std::optional<double> ema_decay;
};

// Assigns the variables' new values, by the flat gradient, divided by `count` where that is given. Output "grad_norm"
// [] is the gradient's norm before clipping.
void update_parameters(Graph& g, const UpdateParts& parts, Value gradient, Value count, HostNumbers& numbers);

}  // namespace dl
