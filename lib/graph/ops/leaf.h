// Values that come from outside: inputs, variables, constants.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

struct Input final : Op {  // inputs: none
  Input(std::string key, Type type) : key(std::move(key)), type(std::move(type)) {}
  std::string_view name() const override { return "input"; }
  std::string attributes() const override { return key; }
  std::vector<Type> infer(std::span<const Type>) const override { return {type}; }
  Cost cost(std::span<const Type>, std::span<const Type>) const override { return {}; }
  const std::string key;
  const Type type;
};

struct VariableOp final : Op {  // inputs: none
  explicit VariableOp(Variable variable) : variable(std::move(variable)) {}
  std::string_view name() const override { return "variable"; }
  std::string attributes() const override { return variable.name; }
  std::vector<Type> infer(std::span<const Type>) const override { return {variable.type}; }
  Cost cost(std::span<const Type>, std::span<const Type>) const override { return {}; }
  const Variable variable;
};

struct Constant final : Op {  // inputs: none; f32 []
  explicit Constant(double value) : value(value) {}
  std::string_view name() const override { return "constant"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type>) const override { return {Type{}}; }
  Cost cost(std::span<const Type>, std::span<const Type>) const override { return {}; }
  const double value;
};

}  // namespace dl
