// Weights of classes, as losses take them: a list in the classes' order, a map by the classes' names, or `balanced`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/spec/codec.h"

namespace dl {

// What a loss may ask of the training set's targets.
struct Labels {
  std::span<const std::string> classes;         // their names, in order; empty where they have none
  int64_t values = 0;                           // that a prediction holds, one a class
  std::function<std::vector<int64_t>()> count;  // targets of each class; reads them all
};

// Nothing, until it is resolved a list, a map or `balanced`, and after it a list.
struct ClassWeights {
  std::vector<double> values;  // one a class
  std::map<std::string, double> by_name;
  bool balanced = false;

  bool given() const { return balanced || !values.empty() || !by_name.empty(); }
  // Finds the value of each class; `balanced` is targets / (classes * targets of the class). ShapeError where
  // a class has none; what is ignored needs none.
  void resolve(const Labels& labels, std::optional<int64_t> ignore_index);
  // f32 [classes].
  Value of_classes(Graph& g) const;
  // [batch, …, 1]: of each target's class; 0 where it is none.
  Value of_targets(Value prediction, Value target) const;
};

template <>
struct Codec<ClassWeights> {
  static bool read(const Node& node, ClassWeights& value, const Limits& limits, const Reading& r);
  static Node write(const ClassWeights& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

}  // namespace dl
