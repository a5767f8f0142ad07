// The update of a training step as a graph: the rules of its chain over ranges of the parameters or tensor by tensor.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/graph/graph.h"
#include "lib/nn/network.h"
#include "lib/nn/update_chain.h"

namespace dl {

// A number that programs read and the host computes before each update.
struct HostNumber {
  std::function<double(const UpdateTime&)> compute;
  double lr_factor = 1;
  double before = 0;  // updates of the run that its parameters were frozen in
  float value = 0;

  void update(const UpdateTime& time) {
    if (time.number <= before) return;  // not yet read
    value = static_cast<float>(
        compute({.lr = time.lr * lr_factor, .number = time.number - before, .momentum = time.momentum}));
  }
};
using HostNumbers = std::map<std::string, HostNumber>;  // by the name of the programs' input; each has one address

// The gradient of a turn's loss, flat, and with it, where the update measures curvature, that (Optimizer).
struct Slopes {
  Value gradient, curvature;
};

// Assigns the new values of the parameters and of all that the rules keep, by the flat gradient, divided by `count`
// where that is given. Output "grad_norm" [] is the norm of the gradient of all that is updated, before any rule.
// `updates` of the run were made before: what is frozen until more were is left as it is. Averages of layers' own
// variables that `averaged_elsewhere` names are left to another turn.
void build_update(Graph& g, const Update& update, const Network& network, const Slopes& slopes, Value count,
                  HostNumbers& numbers, int64_t updates, const std::vector<std::string>& averaged_elsewhere = {});

}  // namespace dl
