// One elementwise function of one to three operands, broadcast against each other; the result is f32.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"
#include "lib/graph/loop.h"

namespace dl {

struct Map final : Op {  // inputs: arity(function) values of any type
  explicit Map(Function function) : function(function) {}
  std::string_view name() const override { return "map"; }
  std::string attributes() const override { return name_of(function); }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const Function function;
};

// The value itself, through which no gradient flows.
struct StopGradient final : Op {
  std::string_view name() const override { return "stop_gradient"; }
  std::vector<Type> infer(std::span<const Type> inputs) const override { return {inputs[0]}; }
  std::vector<Value> gradient(const Backward& b) const override { return no_gradient(b); }
  bool is_view() const override { return true; }
};

}  // namespace dl
