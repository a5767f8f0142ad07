// What an optimizer is called in torch.optim and what that keeps of it, said in the optimizer's own file.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/nn/update_rule.h"

namespace dl {

// Its keys there are those that it has here, and `keys`.
struct TorchOptimizer {
  std::string name;                 // "AdamW"
  std::vector<std::string> states;  // of a parameter's shape, under the same names here
  Node keys = Node::map();          // of its param_groups, beside ours and those that say how, not what, is computed
  // What it keeps of a parameter besides, f32 [] each, after `number` updates, of which the next has rate `lr`.
  std::function<std::map<std::string, double>(const UpdateTime&)> numbers = count_of_updates;

  static std::map<std::string, double> count_of_updates(const UpdateTime& t) { return {{"step", t.number}}; }
};

}  // namespace dl
