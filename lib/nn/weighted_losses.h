// Several losses of one run, `losses: {kind: {cross_entropy: {output: head}, weight: 0.5}, value: mse}`: what is made
// small is the sum of their means, each times its weight.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/nn/loss.h"

namespace dl {

struct WeightedLoss {
  std::string name;
  std::unique_ptr<Loss> loss;
  double weight = 1;
};
struct WeightedLosses {
  std::vector<WeightedLoss> terms;  // in the spec's order
};

template <>
struct Codec<WeightedLosses> {
  static bool read(const Node& node, WeightedLosses& value, const Limits& limits, const Reading& r);
  static Node write(const WeightedLosses& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

}  // namespace dl
