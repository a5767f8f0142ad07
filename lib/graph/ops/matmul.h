// The product of two matrices, either of them transposed.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

// inputs: a [m, k] (or [k, m]), b [k, n] (or [n, k]); output [m, n]. An a that is not transposed may have more axes, of
// which all but the last count its rows: [batch, length, k] gives [batch, length, n]. Both f32 or both bf16, the output
// f32.
struct MatMul final : Op {
  MatMul(bool transpose_a, bool transpose_b) : transpose_a(transpose_a), transpose_b(transpose_b) {}
  std::string_view name() const override { return "matmul"; }
  std::string attributes() const override;
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  std::vector<Value> gradient(const Backward& b) const override;
  Narrow narrow(std::span<const Type>) const override { return Narrow::operands; }
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;
  const bool transpose_a, transpose_b;
};

}  // namespace dl
