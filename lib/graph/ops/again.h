// A value, as the start of a second computation: equal nodes are made once, but what is computed from again(x) is
// another node than what is computed from x, and may come much later.
#pragma once
#include "lib/graph/graph.h"

namespace dl {

struct Again final : Op {  // inputs: x, which is kept in memory
  std::string_view name() const override { return "again"; }
  std::vector<Type> infer(std::span<const Type> inputs) const override { return {inputs[0]}; }
  bool is_view() const override { return true; }
};

}  // namespace dl
