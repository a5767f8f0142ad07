// Rows of a tensor replaced, in place where that is possible: what a sequence made position by position keeps.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

// inputs: into f32 [batch, length, width], rows f32 [batch, 1, width], position i32 [batch], each within the length;
// output: `into` with row position[b] of sample b replaced.
struct WriteRows final : Op {
  std::string_view name() const override { return "write_rows"; }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
};

Value write_rows(Value into, Value rows, Value position);

}  // namespace dl
